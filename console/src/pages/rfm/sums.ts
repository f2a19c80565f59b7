// Cells of the grid, and what of their sums is shown. Pure.
import type { RfmGrid, RfmSums } from '../../api/types'
import type { RfmMeasure } from '../../app/search'

/** Scores; without `m` those of every value. */
export type Cell = { r: number; f: number; m?: number | undefined }
export const SCORES = [5, 4, 3, 2, 1] as const
export const M_SCORES = SCORES

export function cellOf(text: string): Cell | undefined {
  const [r, f, m] = text.split('-').map(Number)
  return r && f ? { r, f, m } : undefined
}

export type Total = { n: number; ratio: number; cents: number; /** So few people are in some of the cells that they are not told. */ isHidden: boolean }

const CENTS = 100
/** Amounts are decimal text: added up as whole hundredths. */
const centsOf = (amount: RfmSums['monetary']) => Math.round(Number(amount ?? 0) * CENTS)

/** The cells with these scores, added up. */
export function addUp(grid: RfmGrid, { r, f, m }: Cell): Total {
  const cells = grid.cells.filter((cell) => cell.r_score === r && cell.f_score === f && (m === undefined || cell.m_score === m))
  const n = cells.reduce((sum, cell) => sum + (cell.sums.n_customers ?? 0), 0)
  const cents = cells.reduce((sum, cell) => sum + centsOf(cell.sums.monetary), 0)
  return { n, ratio: grid.total.n_customers ? n / grid.total.n_customers : 0, cents, isHidden: cells.some((cell) => cell.sums.is_suppressed) }
}

/** What is shown of a cell; nothing where nobody is. */
export function measured({ n, cents, isHidden }: Total, measure: RfmMeasure): number | undefined {
  if (n === 0 || isHidden) return undefined
  return measure === 'people' ? n : measure === 'money' ? cents / CENTS : cents / CENTS / n
}
