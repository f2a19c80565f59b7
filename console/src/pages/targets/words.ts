// How parts of a target are named and their numbers written.
import type { TFunction } from 'i18next'
import type { Target } from '../../api/targets'
import type { Format } from '../../format'

type Value = number | null | undefined

export const write = (format: Format, unit: string, value: Value): string => (unit === 'money' ? format.money(value) : format.quantity(value))
export const writeShort = (format: Format, unit: string, value: Value): string => (unit === 'money' ? format.moneyShort(value) : format.countShort(value))

/** The last value of a path, or what the whole is called. */
export function partName(t: TFunction, path: readonly string[]): string {
  const last = path.at(-1)
  if (last === undefined) return t('targets.whole')
  return last === '' ? t('targets.missing') : last
}

/** All values of a path. */
export const pathName = (t: TFunction, path: readonly string[]): string => (path.length === 0 ? t('targets.whole') : path.map((_, at) => partName(t, path.slice(0, at + 1))).join(' / '))

export function levelName(t: TFunction, level: string): string {
  return t(`targets.dimensions.${level}` as 'targets.dimensions.store', { defaultValue: level })
}

export const kpiName = (target: Pick<Target, 'kpi_name' | 'kpi_name_zh'>, lang: string): string => (lang === 'zh' ? target.kpi_name_zh : target.kpi_name)
