// What a quarantined row says about itself, in words of the file. Pure.
import type { TFunction } from 'i18next'
import type { Mapping } from '../../api/types'

/** The headers of the columns that a field was read from; the server names the field, or the header itself. */
export function wrongHeaders(mapping: Mapping, column: string | null | undefined): ReadonlySet<string> {
  if (!column) return new Set()
  const mapped = mapping.columns.filter(({ target }) => target === column).map(({ header }) => header)
  return new Set(mapped.length > 0 ? mapped : [column])
}

/** Details are cells as they stand in the file; what the reader itself says about a row is said in the page's language. */
export function sayDetail(t: TFunction, detail: string): string {
  const [, n, of] = /^(\d+) cells, the header has (\d+)$/.exec(detail) ?? []
  if (n !== undefined && of !== undefined) return t('quarantine.ragged', { n, of })
  const [, bytes] = /^a cell is longer than (\d+) bytes$/.exec(detail) ?? []
  return bytes === undefined ? detail : t('quarantine.long_cell', { n: bytes })
}
