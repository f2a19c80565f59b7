// What can be said about a mapping without asking the server. Pure.
import type { Mapping, MappingColumn, Target } from '../../api/types'

/** Columns that go here are kept under their headers, as many as there are. */
export const TRAITS = 'traits'
/** Columns that go here state consent; for what, stands beside the target. */
export const CONSENT = 'consent'
/** Columns that go here are identities of a kind that stands beside the target. */
const IDENTITY = 'identity'

export type Confidence = 'high' | 'medium' | 'low' | 'none'

/** Orders of a date's parts, as mappings write them. */
export const DATE_ORDERS = ['year_first', 'month_first', 'day_first'] as const

/** Below this a guess is a doubt. */
const LOW = 0.5
const HIGH = 0.8

export function confidenceOf(column: MappingColumn): Confidence {
  if (!column.target || column.target === TRAITS) return 'none'
  const confidence = column.confidence ?? 1
  if (confidence >= HIGH) return 'high'
  return confidence >= LOW ? 'medium' : 'low'
}

/** A copy with another target for one column; keys that the console does not know are kept. */
export function withTarget(mapping: Mapping, index: number, target: string | null): Mapping {
  const column = mapping.columns[index]
  const change: Partial<MappingColumn> = { target, unit: target && isMoney(target) ? (column?.unit ?? null) : null, confidence: 1 }
  if (target === CONSENT) change.consent = column?.consent ?? { purpose: '' }
  else if (column?.consent != null) change.consent = null
  if (column?.date_order != null && !(target && isDate(target))) change.date_order = null
  return withColumn(mapping, index, change)
}

export function withUnit(mapping: Mapping, index: number, unit: string | null): Mapping {
  return withColumn(mapping, index, { unit })
}

/** The order of day, month and year in one column; none: as in the rest of the file. */
export function withDateOrder(mapping: Mapping, index: number, order: string | null): Mapping {
  return withColumn(mapping, index, { date_order: order })
}

export function dateOrderOf(column: MappingColumn): string | undefined {
  return typeof column.date_order === 'string' ? column.date_order : undefined
}

/** What a column says about a purpose. */
export function withConsent(mapping: Mapping, index: number, change: Partial<Consent>): Mapping {
  return withColumn(mapping, index, { consent: { purpose: '', ...mapping.columns[index]?.consent, ...change } })
}

type Consent = NonNullable<MappingColumn['consent']>

function withColumn(mapping: Mapping, index: number, change: Partial<MappingColumn>): Mapping {
  return { ...mapping, columns: mapping.columns.map((column, at) => (at === index ? { ...column, ...change } : column)) }
}

/** Units are asked for where a column holds money. */
export function isMoney(target: string): boolean {
  return /amount|price|discount|cost|budget|refund|value|freight|postage/.test(target)
}

/** The order of a date's parts is asked for where a column holds one. */
export function isDate(target: string): boolean {
  return /(^|_)(at|on)$|^birthday$/.test(target)
}

/** A mapping to send: what was emptied falls back to the workspace's own. */
export function withDefaults(mapping: Mapping, defaults: { source: string; zone: string; currency: string }): Mapping & typeof defaults {
  const or = (given: string | null | undefined, own: string) => (given?.trim() ? given.trim() : own)
  return { ...mapping, source: or(mapping.source, defaults.source), zone: or(mapping.zone, defaults.zone), currency: or(mapping.currency, defaults.currency) }
}

/** A shared target is none where several belong together; else the first column that has a value counts, discounts add up. */
export type Problem = { kind: 'missing'; targets: Target[] } | { kind: 'duplicate'; target: string; headers: string[]; addsUp: boolean }

/** Required targets that no column fills, and targets that several columns fill. */
export function problemsOf(mapping: Mapping, targets: readonly Target[]): Problem[] {
  const headers = new Map<string, string[]>()
  for (const column of mapping.columns) {
    if (column.target && column.target !== TRAITS && column.target !== IDENTITY && column.target !== CONSENT) headers.set(column.target, [...(headers.get(column.target) ?? []), column.header])
  }
  const missing = targets.filter((target) => target.required && !headers.has(target.name))
  const problems: Problem[] = missing.length > 0 ? [{ kind: 'missing', targets: missing }] : []
  for (const [target, all] of headers) if (all.length > 1) problems.push({ kind: 'duplicate', target, headers: all, addsUp: /^(order_)?discount$/.test(target) })
  return problems
}
