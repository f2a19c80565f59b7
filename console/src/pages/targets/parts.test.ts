import { expect, test } from 'vitest'
import type { TargetPart } from '../../api/targets'
import { monthsAfter, partAt, partsOf, typed } from './parts'

const part = (path: string[], amount: number) => ({ path, amount }) as TargetPart
const ALL = [part([], 10), part([''], 4), part(['', 'a'], 4), part(['x'], 6), part(['x', ''], 1), part(['x', 'a'], 5)]

test('parts of a part are those right below it, the largest first', () => {
  expect(partsOf(ALL, []).map((one) => one.path)).toEqual([['x'], ['']])
  expect(partsOf(ALL, ['x']).map((one) => one.path)).toEqual([['x', 'a'], ['x', '']])
  expect(partsOf(ALL, ['x', 'a'])).toEqual([])
  expect(partAt(ALL, [''])?.amount).toBe(4)
  expect(partAt(ALL, ['y'])).toBeUndefined()
})

test('numbers are read as they are typed', () => {
  expect(['1,234.5', '￥ 12', '', ' ', '-1', '8万'].map(typed)).toEqual([1234.5, 12, null, null, undefined, undefined])
})

test('whole months follow the month of a day', () => {
  expect(monthsAfter('2025-11-30', 3)).toEqual({ from: '2025-12-01', to: '2026-02-28' })
  expect(monthsAfter('2026-12-09', 1)).toEqual({ from: '2027-01-01', to: '2027-01-31' })
})
