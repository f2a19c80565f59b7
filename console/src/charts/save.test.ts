import { expect, it } from 'vitest'
import { csvOf, fileName } from './save'

it('writes raw numbers, and no cell that a spreadsheet takes for a formula', () => {
  const text = csvOf({
    head: ['=1+1', '金额（元）'],
    rows: [
      ['@SUM(A1)', -12.5],
      ['-2+3', null],
      ['a,"b"', 0],
    ],
  })
  expect(text).toBe('\ufeff\'=1+1,金额（元）\r\n\'@SUM(A1),-12.5\r\n\'-2+3,\r\n"a,""b""",0\r\n')
})

it('names files as every system takes them', () => {
  expect(fileName('净销售额 / 渠道: "天猫"', '2011-08-31', 'png')).toBe('净销售额-渠道-天猫-2011-08-31.png')
  expect(fileName('../..', undefined, 'csv')).toBe('zhike.csv')
})
