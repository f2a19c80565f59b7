// Questions about goods as the page holds them. Pure.
import type { NextRule, TogetherRule } from '../../api/goods'
import type { ScopeJson } from '../insight/question'

export const LEVELS = ['product', 'category', 'brand'] as const
export const BASKETS = ['order', 'customer'] as const
export const GAPS = [30, 60, 90, 180, 365] as const
export type GoodsJson = ScopeJson & { level: (typeof LEVELS)[number]; basket: (typeof BASKETS)[number]; max_gap_days: number }

export const FIRST_GOODS: GoodsJson = { level: 'product', basket: 'order', max_gap_days: 90 }

/** Only words that are known; the rest is as usual. */
export function knownGoods(question: GoodsJson): GoodsJson {
  const of = <T>(all: readonly T[], value: T, usual: T) => (all.includes(value) ? value : usual)
  return {
    ...question,
    level: of(LEVELS, question.level, FIRST_GOODS.level),
    basket: of(BASKETS, question.basket, FIRST_GOODS.basket),
    max_gap_days: Number.isInteger(question.max_gap_days) && question.max_gap_days >= 1 && question.max_gap_days <= 730 ? question.max_gap_days : FIRST_GOODS.max_gap_days,
  }
}

export const GOODS_SORTS = ['beyond', 'lift', 'confidence', 'both', 'left'] as const
export type GoodsSort = (typeof GOODS_SORTS)[number]

type Measured = { n_beyond: number; lift: number; confidence: number; n_both: number; n_left?: number | null }
const MEASURES: Record<GoodsSort, (row: Measured) => number> = {
  beyond: (row) => row.n_beyond,
  lift: (row) => row.lift,
  confidence: (row) => row.confidence,
  both: (row) => row.n_both,
  left: (row) => row.n_left ?? 0,
}

/** The largest first, unless the smallest are asked for; equal ones stay as the server has them. */
export function sortedGoods<Row extends TogetherRule | NextRule>(rows: readonly Row[], by: GoodsSort, isRising: boolean): Row[] {
  const measure = MEASURES[by]
  return [...rows].sort((a, b) => (isRising ? 1 : -1) * (measure(a) - measure(b)))
}
