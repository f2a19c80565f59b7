import { expect, it } from 'vitest'
import type { TogetherRule } from '../../api/goods'
import { FIRST_GOODS, knownGoods, sortedGoods, type GoodsJson } from './question'

const rule = (id: string, n_beyond: number, lift: number): TogetherRule => ({
  antecedent: [{ id, name: null }],
  consequent: { id: 'x', name: null },
  n_both: 1,
  n_antecedent: 2,
  n_consequent: 3,
  n_beyond,
  support: 0.1,
  confidence: 0.5,
  lift,
  leverage: 0,
  conviction: null,
  q: 0.01,
  n_people: 1,
  n_left: null,
})

it('takes only words that it knows from an address', () => {
  expect(knownGoods({ ...FIRST_GOODS, level: 'colour', basket: 'customer', max_gap_days: -3 } as unknown as GoodsJson)).toEqual({ ...FIRST_GOODS, basket: 'customer' })
  expect(knownGoods({ ...FIRST_GOODS, segment: 'seg_1' }).segment).toBe('seg_1')
})

it('sorts by what is asked for and leaves equal rows in their order', () => {
  const rules = [rule('a', 9, 1.5), rule('b', 5, 4), rule('c', 5, 2)]
  const ids = (rows: TogetherRule[]) => rows.map((row) => row.antecedent[0]?.id).join('')
  expect(ids(sortedGoods(rules, 'beyond', false))).toBe('abc')
  expect(ids(sortedGoods(rules, 'lift', false))).toBe('bca')
  expect(ids(sortedGoods(rules, 'lift', true))).toBe('acb')
  expect(ids(sortedGoods(rules, 'left', false))).toBe('abc')
})
