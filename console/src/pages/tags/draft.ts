// A definition while it is edited.
import type { TagJson } from '../../api/tags'

export type TagDraft = { key: string; zh: string; en: string; level: string; unit: string | null; refresh: string; expression: TagJson }

/** What a definition says, as the form shows it. */
export function draftOf(definition: TagJson | null): TagDraft {
  const json = (definition ?? {}) as { key?: string; name?: { zh?: string; en?: string }; level?: string; unit?: string | null; refresh?: string; expression?: TagJson }
  return {
    key: json.key ?? '',
    zh: json.name?.zh ?? '',
    en: json.name?.en ?? '',
    level: json.level ?? 'behaviour',
    unit: json.unit ?? null,
    refresh: json.refresh ?? 'daily',
    expression: json.expression ?? { rule: { all: [] } },
  }
}
