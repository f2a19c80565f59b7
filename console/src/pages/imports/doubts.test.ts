import i18next from 'i18next'
import { afterAll, describe, expect, it } from 'vitest'
import { createFormat, type Lang } from '../../format'
import type { Doubt } from '../../api/types'
import { sayDoubt } from './doubts'

const targets = [{ name: 'ordered_at', title_zh: '下单时间', title_en: 'ordered at', personal: false, required: true }]
const about = (parts: Partial<Doubt>): Doubt => ({
  code: '',
  column: null,
  target: null,
  ratio: null,
  date_order: null,
  message_zh: '',
  message_en: '',
  ...parts,
})
const say = async (lang: Lang, doubt: Doubt) => {
  await i18next.changeLanguage(lang)
  return sayDoubt({ t: i18next.t, lang, format: createFormat({ lang, currency: 'CNY', zone: 'Asia/Shanghai' }), targets }, doubt)
}
afterAll(() => i18next.changeLanguage('zh'))

describe('a doubt', () => {
  it('is said from its code, with the names of targets and numbers as the reader writes them', async () => {
    const doubt = about({ code: 'values_do_not_fit', column: '时间 / Time', target: 'ordered_at', ratio: 0.125 })
    expect(await say('zh', doubt)).toBe('列“时间 / Time”看名称是下单时间，但只有 12.5% 的取值符合，所以没有映射。')
    expect(await say('en', doubt)).toBe('Column “时间 / Time” is named like ordered at, but only 12.5% of its values fit, so it is not mapped.')
    expect(await say('en', about({ code: 'date_order_open', column: 'D', date_order: 'month_first' }))).toContain('read as month/day/year')
  })

  it('is said as the server says it when its code is not known here', async () => {
    const doubt = about({ code: 'of_tomorrow', message_zh: '明天的', message_en: 'of tomorrow' })
    expect([await say('zh', doubt), await say('en', doubt)]).toEqual(['明天的', 'of tomorrow'])
    expect(await say('zh', about({ code: 'toString', message_zh: '另一个' }))).toBe('另一个')
  })
})
