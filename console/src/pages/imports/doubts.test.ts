import i18next from 'i18next'
import { afterAll, describe, expect, it } from 'vitest'
import { createFormat, type Lang } from '../../format'
import { inLanguage, sayDoubt, type Doubt } from './doubts'

const targets = [{ name: 'ordered_at', title_zh: '下单时间', title_en: 'ordered at', personal: false, required: true }]
const say = async (lang: Lang, doubt: Doubt) => {
  await i18next.changeLanguage(lang)
  return sayDoubt({ t: i18next.t, lang, format: createFormat({ lang, currency: 'CNY', zone: 'Asia/Shanghai' }), targets }, doubt)
}
afterAll(() => i18next.changeLanguage('zh'))

describe('a doubt', () => {
  it('is said from its code, with the names of targets and numbers as the reader writes them', async () => {
    const doubt = { code: 'values_do_not_fit', column: '时间 / Time', target: 'ordered_at', ratio: 0.125 }
    expect(await say('zh', doubt)).toBe('列“时间 / Time”看名称是下单时间，但只有 12.5% 的取值符合，所以没有映射。')
    expect(await say('en', doubt)).toBe('Column “时间 / Time” is named like ordered at, but only 12.5% of its values fit, so it is not mapped.')
    expect(await say('en', { code: 'date_order_open', column: 'D', date_order: 'month_first' })).toContain('read as month/day/year')
  })

  it('is said as the server says it when its code is not known here', async () => {
    const doubt = { code: 'of_tomorrow', message_zh: '明天的', message_en: 'of tomorrow' }
    expect([await say('zh', doubt), await say('en', doubt)]).toEqual(['明天的', 'of tomorrow'])
    expect(await say('zh', { code: 'toString' })).toBe('toString')
  })

  it('gives one language of the older form, slashes in headers included', () => {
    const doubt = '列“姓名 / Name”可能是姓名 / column "姓名 / Name" may be name'
    expect([inLanguage(doubt, 'zh'), inLanguage(doubt, 'en')]).toEqual(['列“姓名 / Name”可能是姓名', 'column "姓名 / Name" may be name'])
    expect(inLanguage('“退款”可能只是申请 / “退款” may be a mere request', 'en')).toBe('“退款” may be a mere request')
    expect(inLanguage('只有中文', 'en')).toBe('只有中文')
    expect(inLanguage('甲 / 乙 / c', 'en')).toBe('甲 / 乙 / c')
  })
})
