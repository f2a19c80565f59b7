// RFM rules in the form: the eight groups as one limit a score, where they are that; texts that become numbers.
import type { Condition, Dimension, Range, RfmRules } from '../../api/rfm'
import type { Segment } from '../../words'

export const DIMENSIONS = ['r', 'f', 'm'] as const
export const SCORES = [1, 2, 3, 4, 5] as const
/** From which score on a dimension is high. */
export const CUTS = [2, 3, 4, 5] as const

export type Cuts = Record<Dimension, number>

const SIDES: [Segment, boolean, boolean, boolean][] = [
  ['champions', true, true, true],
  ['promising_value', true, false, true],
  ['keep_value', false, true, true],
  ['cant_lose', false, false, true],
  ['loyal_low', true, true, false],
  ['promising', true, false, false],
  ['slipping', false, true, false],
  ['lost', false, false, false],
]

const side = (isHigh: boolean, cut: number): Range => (isHigh ? [cut, 5] : [1, cut - 1])

/** The eight groups of three limits. */
export function groupsOf(cuts: Cuts): RfmRules['segments'] {
  return SIDES.map(([segment, r, f, m]) => ({ segment, when: { r: side(r, cuts.r), f: side(f, cuts.f), m: side(m, cuts.m) } }))
}

export const rangeOf = (when: Condition, dimension: Dimension): Range => when[dimension] ?? [1, 5]

const sameWhen = (a: Condition, b: Condition) => a.sum === undefined && b.sum === undefined && DIMENSIONS.every((dimension) => String(rangeOf(a, dimension)) === String(rangeOf(b, dimension)))

/** The three limits that groups follow; none of groups that are made otherwise. */
export function cutsOf(groups: RfmRules['segments']): Cuts | undefined {
  const best = groups.find((group) => group.segment === 'champions')
  if (!best || groups.length !== SIDES.length) return undefined
  const cuts = { r: rangeOf(best.when, 'r')[0], f: rangeOf(best.when, 'f')[0], m: rangeOf(best.when, 'm')[0] }
  const same = groupsOf(cuts).every((want) => groups.some((group) => group.segment === want.segment && sameWhen(group.when, want.when)))
  return same ? cuts : undefined
}

/** A condition with another range; any score is not said. */
export function withRange(when: Condition, dimension: Dimension, range: Range): Condition {
  const rest = Object.fromEntries(Object.entries(when).filter(([key]) => key !== dimension))
  return range[0] === 1 && range[1] === 5 ? rest : { ...rest, [dimension]: range }
}

export type LimitTexts = Record<'recency_days' | 'frequency' | 'monetary', string[]>

export const limitTexts = ({ thresholds }: RfmRules): LimitTexts => ({
  recency_days: thresholds.recency_days.map(String),
  frequency: thresholds.frequency.map(String),
  monetary: thresholds.monetary,
})

/** The limits that texts say; none where one is no number. */
export function limitsOf(texts: LimitTexts): RfmRules['thresholds'] | undefined {
  const whole = (list: string[]) => list.map((text) => (/^\d{1,9}$/.test(text.trim()) ? Number(text) : Number.NaN))
  const limits = { recency_days: whole(texts.recency_days), frequency: whole(texts.frequency), monetary: texts.monetary.map((text) => text.trim()) }
  const areNumbers = [...limits.recency_days, ...limits.frequency].every(Number.isFinite) && limits.monetary.every((text) => /^\d{1,12}(\.\d{1,2})?$/.test(text))
  return areNumbers ? limits : undefined
}
