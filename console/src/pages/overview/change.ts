// How a figure has changed, in words. Whether more is good depends on the figure.
import type { TFunction } from 'i18next'
import type { Kpi } from '../../api/types'
import type { Format } from '../../format'
import type { Compare } from '../../range'

export type Change = { text: string; direction: 'up' | 'down' | 'same' | 'unknown'; meaning: 'better' | 'worse' | 'neutral' }

/** A rise of these is bad news. */
const LESS_IS_BETTER: readonly string[] = ['refund_rate']

/** What is compared: a rate is a `ratio` and changes by points. */
type Compared = { unit: Kpi['unit']; value: Kpi['value']; previous: Kpi['previous'] }

export function changeOf(t: TFunction, format: Format, kpi: Compared & { key: string; better?: string }, compare: Compare): Change {
  const say = (text: string, direction: Change['direction'] = 'unknown'): Change => {
    const better = kpi.better ?? (LESS_IS_BETTER.includes(kpi.key) ? 'less' : 'more')
    const isGood = better === 'less' ? direction === 'down' : direction === 'up'
    const hasMeaning = better !== 'neither' && (direction === 'up' || direction === 'down')
    const meaning = hasMeaning ? (isGood ? 'better' : 'worse') : 'neutral'
    return { text, direction, meaning }
  }
  const isYear = compare === 'year'
  if (kpi.value == null) return say(t('change.no_value'))
  if (kpi.previous == null) return say(isYear ? t('change.none_year') : t('change.none_prev'))
  const value = Number(kpi.value)
  const previous = Number(kpi.previous)
  const same = () => say(isYear ? t('change.same_year') : t('change.same_prev'), 'same')

  if (kpi.unit === 'ratio') {
    const points = value - previous
    if (Math.abs(points) < 0.0005) return same()
    const by = format.points(Math.abs(points))
    if (points > 0) return say(isYear ? t('change.high_year', { by }) : t('change.high_prev', { by }), 'up')
    return say(isYear ? t('change.low_year', { by }) : t('change.low_prev', { by }), 'down')
  }
  if (value === previous) return same()
  if (previous === 0) return say(isYear ? t('change.from_zero_year') : t('change.from_zero_prev'))
  const share = (value - previous) / Math.abs(previous)
  if (Math.abs(share) < 0.0005) return same()
  const by = format.ratio(Math.abs(share))
  if (share > 0) return say(isYear ? t('change.up_year', { by }) : t('change.up_prev', { by }), 'up')
  return say(isYear ? t('change.down_year', { by }) : t('change.down_prev', { by }), 'down')
}

/** A figure as its card shows it, and exactly. */
export function writeKpi(format: Format, unit: Kpi['unit'], value: Kpi['value']): { short: string; exact: string } {
  if (unit === 'money') return { short: format.moneyShort(value), exact: format.money(value) }
  if (unit === 'ratio') return { short: format.ratio(value), exact: format.ratio(value) }
  return { short: format.countShort(value), exact: format.count(value) }
}
