import i18next from 'i18next'
import { expect, it } from 'vitest'
import type { Mapping } from '../../api/types'
import '../../i18n'
import { fileTitle } from './fileTitle'
import { sayDetail, wrongHeaders } from './quarantined'

const mapping = {
  entity: 'orders',
  columns: [
    { header: '下单时间', target: 'ordered_at' },
    { header: '优惠券', target: 'discount' },
    { header: '满减', target: 'discount' },
    { header: '备注', target: null },
  ],
} as unknown as Mapping

it('finds the columns of the file that a field was read from', () => {
  expect([...wrongHeaders(mapping, 'ordered_at')]).toEqual(['下单时间'])
  expect([...wrongHeaders(mapping, 'discount')]).toEqual(['优惠券', '满减'])
  expect([...wrongHeaders(mapping, '备注')]).toEqual(['备注'])
  expect([...wrongHeaders(mapping, null)]).toEqual([])
})

it('says what the reader found in words, and leaves cells as they are', () => {
  expect(sayDetail(i18next.t, '13 cells, the header has 11')).toBe('有 13 个单元格，表头有 11 列')
  expect(sayDetail(i18next.t, '面议')).toBe('面议')
})

it('calls a replay by the file whose rows it takes', () => {
  const names = new Map([['bat_1', 'a.csv']])
  expect(fileTitle(i18next.t, 'bat_1-replay.jsonl', names)).toBe('重放：a.csv')
  expect(fileTitle(i18next.t, 'bat_2-replay.jsonl', names)).toBe('重放：bat_2')
  expect(fileTitle(i18next.t, 'orders.csv', names)).toBe('orders.csv')
})
