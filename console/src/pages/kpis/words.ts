// How figures are named and written. Which form a number has is said by its unit.
import type { TFunction } from 'i18next'
import type { KpiDefinition, KpiPart, KpiPoint } from '../../api/types'
import type { Format, Lang } from '../../format'
import { changeOf, type Change } from '../overview/change'
import { word } from '../../words'

type Value = number | null | undefined

export const nameOf = (kpi: KpiDefinition, lang: Lang): string => (lang === 'zh' ? kpi.name_zh : kpi.name)
export const definitionOf = (kpi: KpiDefinition, lang: Lang): string => (lang === 'zh' ? kpi.definition_zh : kpi.definition)

/** A number in full. */
export function write(format: Format, kpi: KpiDefinition, value: Value): string {
  if (kpi.unit === 'money') return format.money(value)
  if (kpi.unit === 'share') return format.ratio(value)
  // Goods may be sold by weight; more than two places of an average say nothing.
  return format.quantity(kpi.unit === 'count' || value == null ? value : Math.round(value * 100) / 100)
}

/** A number on a card or an axis. */
export function writeShort(format: Format, kpi: KpiDefinition, value: Value): string {
  if (kpi.unit === 'money') return format.moneyShort(value)
  if (kpi.unit === 'count') return format.countShort(value)
  return write(format, kpi, value)
}

/** How a period compares with an earlier one, in words. */
export function changeFrom(t: TFunction, format: Format, kpi: KpiDefinition, point: KpiPoint, compare: 'previous' | 'year'): Change {
  const previous = compare === 'year' ? point.year_before : point.previous
  const unit = kpi.unit === 'share' ? 'ratio' : kpi.unit === 'money' ? 'money' : 'count'
  return changeOf(t, format, { key: kpi.key, unit, value: point.value, previous, better: kpi.better }, compare === 'year' ? 'year' : 'prev')
}

export function holidaysOf(point: Pick<KpiPoint, 'holidays'>, lang: Lang): string {
  return point.holidays.map((holiday) => (lang === 'zh' ? holiday.name_zh : holiday.name)).join(lang === 'zh' ? '、' : ', ')
}

/** The name of a part of a breakdown. */
export function partName(t: TFunction, dimension: string | null, part: Pick<KpiPart, 'value' | 'label' | 'is_other'>): string {
  if (part.is_other) return t('kpis.other')
  if (part.value == null) return t('kpis.missing')
  if (dimension === 'rfm_tier') return word(t, 'tier', part.value)
  return part.label ? `${part.value} ${part.label}` : part.value
}

export function dimensionName(t: TFunction, dimension: string): string {
  // The server's dimensions all have a word; one that we do not know is shown as it is.
  return t(`kpis.dimensions.${dimension}` as 'kpis.dimensions.channel', { defaultValue: dimension })
}
