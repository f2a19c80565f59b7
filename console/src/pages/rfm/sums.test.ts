import { expect, it } from 'vitest'
import type { RfmGrid, RfmSums } from '../../api/types'
import { addUp, cellOf, measured } from './sums'

const sums = (n: number, monetary: string): RfmSums => ({ is_suppressed: false, n_customers: n, customer_ratio: n / 10, monetary, monetary_ratio: 0, average: null, n_orders: n, avg_recency_days: null })
const grid: RfmGrid = {
  as_of: '2026-03-31',
  days: ['2026-03-31'],
  currency: 'CNY',
  total: sums(10, '100.30'),
  cells: [
    { r_score: 5, f_score: 5, m_score: 5, sums: sums(3, '60.10') },
    { r_score: 5, f_score: 5, m_score: 4, sums: sums(1, '20.20') },
    { r_score: 1, f_score: 2, m_score: 1, sums: sums(6, '20.00') },
  ],
  groups: [],
  tiers: [],
}

it('adds cells up over value, or takes one', () => {
  expect(addUp(grid, { r: 5, f: 5 })).toEqual({ n: 4, ratio: 0.4, cents: 8030, isHidden: false })
  expect(addUp(grid, { r: 5, f: 5, m: 4 })).toEqual({ n: 1, ratio: 0.1, cents: 2020, isHidden: false })
  expect(addUp(grid, { r: 3, f: 3 })).toEqual({ n: 0, ratio: 0, cents: 0, isHidden: false })
})

it('shows people, money or money a head, and nothing where nobody is', () => {
  const total = addUp(grid, { r: 5, f: 5 })
  expect(['people', 'money', 'average'].map((measure) => measured(total, measure as 'people'))).toEqual([4, 80.3, 20.075])
  expect(measured(addUp(grid, { r: 3, f: 3 }), 'money')).toBeUndefined()
})

it('tells nothing of a cell that is hidden, nor of sums with it', () => {
  const few: RfmSums = { ...sums(0, '0'), is_suppressed: true, n_customers: null, monetary: null }
  const hidden = { ...grid, cells: [...grid.cells, { r_score: 5, f_score: 5, m_score: 1, sums: few }] }
  expect(addUp(hidden, { r: 5, f: 5 }).isHidden).toBe(true)
  expect(measured(addUp(hidden, { r: 5, f: 5 }), 'people')).toBeUndefined()
  expect(measured(addUp(hidden, { r: 5, f: 5, m: 4 }), 'people')).toBe(1)
})

it('reads a cell from the URL', () => {
  expect(cellOf('5-4')).toEqual({ r: 5, f: 4, m: undefined })
  expect(cellOf('5-4-3')).toEqual({ r: 5, f: 4, m: 3 })
  expect(cellOf('')).toBeUndefined()
})
