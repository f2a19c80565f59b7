// Questions about behaviour as the pages hold them. Pure.
import type { AnalysisPart } from '../../api/types'
import type { Filter, Span } from '../segments/rule'

export type StepJson = { of?: string | undefined; where?: Filter[] | undefined; name?: string | undefined }
export type BreakdownJson = Record<string, string | number>
export type ScopeJson = { from?: string | undefined; to?: string | undefined; segment?: string | undefined; purpose?: string | undefined }
export type FunnelJson = ScopeJson & {
  steps: StepJson[]
  window: Span
  order: string
  count_by: string
  breakdown?: BreakdownJson | undefined
  with_incomplete?: boolean | undefined
}
export type RetentionJson = ScopeJson & { start: StepJson; back: StepJson; first_time: boolean; by: string; rolling: boolean; measure: string; breakdown?: BreakdownJson | undefined }
export type ActivityJson = ScopeJson & { activity: StepJson; by: string }
export type PathsJson = ScopeJson & { anchor: string; direction: string; depth: number; kept: number }

export const FIRST_FUNNEL: FunnelJson = { steps: [{ of: 'orders' }, { of: 'orders' }], window: { n: 4, unit: 'week' }, order: 'ordered', count_by: 'person' }
export const FIRST_RETENTION: RetentionJson = { start: { of: 'orders' }, back: { of: 'orders' }, first_time: true, by: 'month', rolling: false, measure: 'exact' }
export const FIRST_LIFE: ActivityJson = { activity: { of: 'orders' }, by: 'month' }
export const FIRST_PATHS: PathsJson = { anchor: '', direction: 'after', depth: 3, kept: 5 }

/** Only what can be sent: no key without a value. */
export function sent<T extends object>(question: T): T {
  const strip = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(strip)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined && each !== '').map(([key, each]) => [key, strip(each)]))
  }
  return strip(question) as T
}

/** The address of a question, as far as it is one; what it does not say is as usual. */
export function readQuestion<T extends object>(raw: unknown, usual: T): T {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) return usual
  const given = raw as Record<string, unknown>
  const fits = Object.entries(usual).every(([key, value]) => given[key] === undefined || (typeof given[key] === typeof value && Array.isArray(given[key]) === Array.isArray(value)))
  return fits ? { ...usual, ...given } : usual
}

/** `field:channel` of `{"field": "channel"}`, for a list to choose from; empty for none. */
export function breakdownText(breakdown: BreakdownJson | undefined): string {
  const [entry] = Object.entries(breakdown ?? {}).filter(([key]) => key !== 'attribution')
  return entry ? `${entry[0]}:${String(entry[1])}` : ''
}

export function breakdownOf(text: string): BreakdownJson | undefined {
  const at = text.indexOf(':')
  return at < 0 ? undefined : { [text.slice(0, at)]: text.slice(at + 1) }
}

/** A part of a breakdown as it is asked for. */
export function partValue(part: AnalysisPart): unknown {
  return part.kind === 'value' ? { value: part.value } : part.kind
}

/** Whether a step says which event it is, where that is needed. */
export function isWhole(step: StepJson): boolean {
  return step.of !== undefined && (step.where ?? []).every((filter) => filter.op === 'exists' || filter.op === 'missing' || (filter.value !== undefined && filter.value !== '' && !(Array.isArray(filter.value) && filter.value.length === 0)))
}
