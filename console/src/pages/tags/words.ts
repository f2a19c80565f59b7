// How tags and their values are called and written.
import type { TFunction } from 'i18next'
import type { RuleJson } from '../../api/segments'
import type { ProfileTag, Tag, TagSpread } from '../../api/types'
import type { Format, Lang } from '../../format'

type Named = { name: string; name_zh: string }
type Labelled = { value: string | null; label: string | null; label_zh: string | null }

export const nameIn = ({ name, name_zh }: Named, lang: Lang): string => (lang === 'zh' ? name_zh : name)

/** The name of a value, or the value itself. */
export const labelIn = ({ value, label, label_zh }: Labelled, lang: Lang): string => (lang === 'zh' ? label_zh : label) ?? value ?? '--'

/** A value as it is read: with its name, its unit, or both. */
export function valueIn(t: TFunction, { value, label, label_zh, unit }: Labelled & { unit: string | null }, format: Format): string {
  if (label ?? label_zh) return labelIn({ value, label, label_zh }, format.lang)
  return value === null || value.trim() === '' || Number.isNaN(Number(value)) ? (value ?? '--') : numberIn(t, Number(value), unit, format)
}

/** A number with the unit that it counts. */
export function numberIn(t: TFunction, value: number, unit: string | null, format: Format): string {
  switch (unit) {
    case 'money':
      return format.money(value)
    case 'day':
      return t('tags.in_days', { n: format.quantity(value) })
    case 'year':
      return t('tags.in_years', { n: format.quantity(value) })
    default:
      return format.quantity(value)
  }
}

export type Bin = TagSpread['bins'][number]

/** The numbers that a range holds. */
export function rangeIn(t: TFunction, { from, below }: Bin, unit: string | null, format: Format): string {
  const write = (value: number) => numberIn(t, value, unit, format)
  if (from === null && below === null) return t('tags.any_number')
  if (from === null) return t('tags.below', { to: write(below ?? 0) })
  if (below === null) return t('tags.at_least', { from: write(from) })
  return t('tags.range', { from: write(from), to: write(below) })
}

/** The people with a value: the rule that counts them. */
export function ruleOfValue({ key, definition }: Pick<Tag, 'key' | 'definition'>, value: string): RuleJson {
  const expression = (definition as { expression?: Record<string, unknown> } | null)?.expression
  return { all: [{ tag: key, op: 'eq', value: expression && 'rule' in expression ? true : value }] }
}

/** The people whose number is in a range. */
export function ruleOfBin(key: string, { from, below }: Bin): RuleJson {
  const limits = [...(from === null ? [] : [{ tag: key, op: 'ge', value: from }]), ...(below === null ? [] : [{ tag: key, op: 'lt', value: below }])]
  return { all: limits.length > 0 ? limits : [ruleOfAny(key)] }
}

export const ruleOfAny = (key: string): RuleJson => ({ tag: key, op: 'exists' })

export type Level = 'attribute' | 'behaviour' | 'value' | 'put'
export const levelOf = ({ level }: Pick<Tag | ProfileTag, 'level'>): Level => (level ?? 'put') as Level
