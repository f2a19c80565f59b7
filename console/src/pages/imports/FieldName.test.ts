import { expect, it } from 'vitest'
import { FIELDS } from '../../i18n/fields'
import { fieldName } from './FieldName'

it('names a field by its entity first, and keeps codes that it does not know', () => {
  expect(fieldName('zh', 'order_lines', 'name')).toBe('商品名称')
  expect(fieldName('zh', 'profiles', 'name')).toBe('姓名')
  expect(fieldName('en', 'profiles', 'name')).toBe('Name')
  expect(fieldName('zh', 'orders', 'toString')).toBe('toString')
  expect(fieldName('zh', 'orders', 'x_custom')).toBe('x_custom')
})

it('has every field in Chinese and in English', () => {
  for (const [code, [zh, en]] of Object.entries(FIELDS)) {
    expect(zh.replace(/UnionID|OpenID/, ''), code).toMatch(/^$|[\u4e00-\u9fff]/)
    expect(en, code).toMatch(/^[\w ,-]+$/)
  }
})
