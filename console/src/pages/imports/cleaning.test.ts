import { expect, it } from 'vitest'
import type { CleaningChange } from '../../api/types'
import { loadedColumns, placed } from './cleaning'

const change = (column: string): CleaningChange => ({ column, rule: 'trim', before: 'a ', after: 'a' })
const columns = loadedColumns({
  columns: [
    { header: '优惠', target: 'discount' },
    { header: '店铺优惠', target: 'discount' },
    { header: '备注', target: null },
    { header: '等级', target: 'traits' },
  ],
})

it('places changes under the column that has the value, traits under their header, the rest beside the row', () => {
  expect(columns.map(({ at }) => at)).toEqual([0, 1, 3])
  const row = { cells: [null, '5', 'x', '金'], changes: [change('discount'), change('等级'), change('amount')] }
  const { at, rest } = placed(columns, row)
  expect([...at.keys()]).toEqual([1, 3])
  expect(rest.map(({ column }) => column)).toEqual(['amount'])
  expect([...placed(columns, { cells: [], changes: [change('discount')] }).at.keys()]).toEqual([0])
})
