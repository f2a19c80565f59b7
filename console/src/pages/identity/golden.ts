// Rules of the golden record as rows of a form, and back.
import type { GoldenRule, GoldenRules } from '../../api/types'

export const RULES = ['verified', 'newest', 'most_trusted', 'most_frequent'] as const
export type By = (typeof RULES)[number]

/** A field with its rule; without one it follows that of all others. */
export type Row = Readonly<{ field: string; by: By | ''; sources: string }>

const textOf = (rule: GoldenRule | undefined) => (rule?.sources ?? []).join(', ')

/** The rule of all others first, then the fields, then attributes that have one. */
export function rowsOf(rules: GoldenRules, fields: readonly string[]): Row[] {
  const attributes = Object.keys(rules.fields).filter((field) => !fields.includes(field)).sort()
  const row = (field: string): Row => ({ field, by: rules.fields[field]?.by ?? '', sources: textOf(rules.fields[field]) })
  return [{ field: '', by: rules.default.by, sources: textOf(rules.default) }, ...[...fields, ...attributes].map(row)]
}

function sourcesOf(text: string): string[] {
  return text.split(/[,，、]/).map((name) => name.trim()).filter(Boolean)
}

/** Undefined when an order of trust names nobody, or somebody twice. */
export function rulesOf(rows: readonly Row[]): GoldenRules | undefined {
  const rules: GoldenRules = { default: { by: 'verified' }, fields: {} }
  for (const { field, by, sources } of rows) {
    if (by === '') continue
    const names = by === 'most_trusted' ? sourcesOf(sources) : []
    if (by === 'most_trusted' && (names.length === 0 || new Set(names).size < names.length)) return undefined
    const rule: GoldenRule = names.length > 0 ? { by, sources: names } : { by }
    if (field === '') rules.default = rule
    else rules.fields[field] = rule
  }
  return rules
}
