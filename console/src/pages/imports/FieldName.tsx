// The name of a field that files are read into, in the reader's words; the code stays at hand for mappings in files.
import type { Lang } from '../../format'
import type { Mapping } from '../../api/types'
import { useSettings } from '../../app/settings'
import { FIELDS } from '../../i18n/fields'
import { wrongHeaders } from './quarantined'

/** The word for a field of an entity; the code itself if there is none. */
export function fieldName(lang: Lang, entity: string, code: string): string {
  const own = `${entity}.${code}`
  const words = Object.hasOwn(FIELDS, own) ? FIELDS[own] : Object.hasOwn(FIELDS, code) ? FIELDS[code] : undefined
  if (!words) return code
  return lang === 'zh' ? words[0] : words[1].charAt(0).toUpperCase() + words[1].slice(1)
}

export function FieldName({ entity, code }: { entity: string; code: string }) {
  const { lang } = useSettings()
  return <span title={code}>{fieldName(lang, entity, code)}</span>
}

/** The columns of the file that a field was read from, or the field when none was. */
export function ColumnName({ mapping, code }: { mapping: Mapping; code: string }) {
  const headers = [...wrongHeaders(mapping, code)].filter((header) => mapping.columns.some((column) => column.header === header))
  return headers.length > 0 ? <span title={code}>{headers.join(' / ')}</span> : <FieldName entity={mapping.entity} code={code} />
}
