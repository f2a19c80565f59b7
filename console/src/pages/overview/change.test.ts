import { beforeEach, describe, expect, it } from 'vitest'
import { createFormat } from '../../format'
import i18n from '../../i18n'
import { changeOf } from './change'

const format = createFormat({ lang: 'zh', currency: 'CNY', zone: 'Asia/Shanghai' })
const money = (value: string | null, previous: string | null) => changeOf(i18n.t, format, { key: 'net_sales', unit: 'money', value, previous }, 'prev')

beforeEach(async () => {
  await i18n.changeLanguage('zh')
})

describe('change of a figure', () => {
  it('is a share for amounts', () => {
    expect(money('1082', '1000')).toEqual({ text: '比上期多 8.2%', direction: 'up', meaning: 'better' })
    expect(money('500.00', '1000')).toEqual({ text: '比上期少 50%', direction: 'down', meaning: 'worse' })
    expect(money('1000.1', '1000').text).toBe('与上期持平')
  })

  it('is in points for rates, and a lower refund rate is better', () => {
    const rate = { key: 'refund_rate', unit: 'ratio', value: 0.024, previous: 0.032 } as const
    expect(changeOf(i18n.t, format, rate, 'year')).toEqual({ text: '比上年同期低 0.8 个百分点', direction: 'down', meaning: 'better' })
  })

  it('does not divide by nothing', () => {
    expect(money('10', '0').text).toBe('上期为 0')
    expect(money('10', null).text).toBe('上期没有数据')
    expect(money(null, '10').text).toBe('这段时间算不出')
    expect(money('-5', '-10')).toMatchObject({ text: '比上期多 50%', direction: 'up' })
  })
})
