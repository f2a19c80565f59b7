// The values that a field can have, and what becomes of a test when its field changes.
import type { TFunction } from 'i18next'
import { SEGMENTS, TIERS, word } from '../../words'
import { firstValue, formOf, OPS, type Kind } from './catalogue'
import type { Test } from './rule'

export type Choice = { value: string; label: string }

/** Values that a field can have, where there are few. */
export function choicesOf(t: TFunction, field: string | undefined, fact?: string): Choice[] | undefined {
  const list = (group: Parameters<typeof word>[1], codes: readonly string[]) => codes.map((value) => ({ value, label: word(t, group, value) }))
  if (field === 'rfm.tier') return list('tier', TIERS)
  if (field === 'rfm.segment') return list('segment', SEGMENTS)
  if (field === 'gender') return [{ value: 'male', label: t('profile.male') }, { value: 'female', label: t('profile.female') }]
  if (field === 'status') return list('order_status', ['created', 'paid', 'shipped', 'completed', 'cancelled', 'partial_refund', 'refunded'])
  if (field === 'kind' && (fact === 'orders' || fact === 'all_orders')) return list('order_kind', ['sale', 'refund', 'adjustment'])
  return undefined
}

/** The test as it can stand for a field of another kind. */
export function retest(kind: Kind, { op, value }: Test): Test {
  const next = op !== undefined && OPS[kind].includes(op) ? op : OPS[kind][0]
  const form = formOf(kind, next)
  return { op: next, value: next === op && (form === 'words' ? Array.isArray(value) : typeof value === (form === 'word' || form === 'day' ? 'string' : 'number')) ? value : firstValue(form) }
}
