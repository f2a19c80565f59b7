import { expect, it } from 'vitest'
import { COLOURS } from '../../app/theme'
import { split, trendOption } from './trend'

it('dashes from the last finished day to the unfinished one', () => {
  expect(split([3, 4, 5], [false, false, true])).toEqual({ full: [3, 4, null], dashed: [null, 4, 5] })
  expect(split([3, null, 5], [false, false, false])).toEqual({ full: [3, null, 5], dashed: [null, null, null] })
})

it('draws the compared period only where there is one', () => {
  const point = { on: '2026-11-21', net_sales: '10.00', orders: 1, active_customers: 1, is_partial: false, previous_net_sales: null }
  const option = (previous: string | null, metric: 'net_sales' | 'orders') =>
    trendOption(COLOURS.light, [{ ...point, previous_net_sales: previous }], metric, { name: '', write: String }, ['11-21'], () => '')
  const n = (drawn: ReturnType<typeof option>) => (drawn.series as unknown[]).length
  expect([n(option(null, 'net_sales')), n(option('8.00', 'net_sales')), n(option('8.00', 'orders'))]).toEqual([2, 3, 2])
  // HTML tooltips would need inline styles and could carry markup from names.
  expect(option(null, 'orders').tooltip).toMatchObject({ renderMode: 'richText' })
})
