import { describe, expect, it } from 'vitest'
import { createFormat } from './format'

const zh = createFormat({ lang: 'zh', currency: 'CNY', zone: 'Asia/Shanghai' })
const en = createFormat({ lang: 'en', currency: 'CNY', zone: 'Asia/Shanghai' })
const gbp = createFormat({ lang: 'zh', currency: 'GBP', zone: 'Europe/London' })

describe('numbers', () => {
  it('writes short from ten thousand on, in 万 and 亿, never in 千', () => {
    expect([0, 950, 8406, 9999, 10000, 12345, 98_765_000, 123_456_789, 1_234_567_890_000].map(zh.countShort)).toEqual([
      '0', '950', '8,406', '9,999', '1万', '1.2万', '9876.5万', '1.2亿', '1.2万亿',
    ])
    expect([9999, 10000, 12345, 1_234_567].map(en.countShort)).toEqual(['9,999', '10K', '12.3K', '1.2M'])
  })

  it('writes money with the narrow sign, a true minus and no idle decimals on cards', () => {
    expect(zh.money('1234.5')).toBe('¥1,234.50')
    expect(zh.money('-1234.5')).toBe('−¥1,234.50')
    expect(en.money('1234.5')).toBe('¥1,234.50')
    expect(gbp.money('1234.5')).toBe('£1,234.50')
    expect(zh.moneyShort('950.00')).toBe('¥950')
    expect(zh.moneyShort('1235000')).toBe('¥123.5万')
    expect(zh.moneyShort('120000')).toBe('¥12万')
    expect(en.moneyShort('1235000')).toBe('¥1.2M')
    expect(zh.moneyShort('-1235000')).toBe('−¥123.5万')
  })

  it('keeps every digit of a decimal string', () => {
    expect(zh.amount('9007199254740993.12')).toBe('9,007,199,254,740,993.12')
  })

  it('names the unit once, in the heading', () => {
    expect([zh.moneyUnit, en.moneyUnit, gbp.moneyUnit]).toEqual(['元', '¥', '£'])
  })

  it('writes shares and changes of shares differently', () => {
    expect([0.123, 0.12, 1, 0, 0.0004].map(zh.ratio)).toEqual(['12.3%', '12%', '100%', '0%', '0%'])
    expect([0.123, 0.12].map(zh.ratioColumn)).toEqual(['12.3%', '12.0%'])
    expect(zh.points(0.008)).toBe('0.8 个百分点')
    expect(en.points(-0.008)).toBe('−0.8 pp')
  })

  it('writes -- where there is no value', () => {
    for (const write of [zh.count, zh.money, zh.moneyShort, zh.ratio, zh.points, zh.bytes]) expect(write(null)).toBe('--')
    for (const write of [zh.day, zh.daySentence, zh.instant, zh.relative, zh.month, zh.week]) expect(write(undefined)).toBe('--')
    expect(zh.count('x')).toBe('--')
  })

  it('writes sizes of files', () => {
    expect([0, 900, 1536, 94_371_840].map(zh.bytes)).toEqual(['0 B', '900 B', '1.5 KB', '90 MB'])
  })
})

describe('dates', () => {
  it('has a form for sentences, tables, axes and ranges', () => {
    expect(zh.daySentence('2026-11-21')).toBe('2026年11月21日')
    expect(en.daySentence('2026-11-21')).toBe('Nov 21, 2026')
    expect(zh.day('2026-11-21')).toBe('2026-11-21')
    expect(zh.dayAxis('2026-11-21')).toBe('11-21')
    expect(zh.dayRange('2026-11-01', '2026-11-21')).toBe('11-01 ～ 11-21')
    expect(zh.dayRange('2025-12-20', '2026-01-05')).toBe('2025-12-20 ～ 2026-01-05')
    expect(zh.month('2011-03')).toBe('2011年3月')
    expect(en.month('2011-03')).toBe('Mar 2011')
  })

  it('counts weeks from Monday and gives them to the year of their Thursday', () => {
    expect(zh.week('2026-11-21')).toBe('2026年第47周')
    expect(en.week('2027-01-03')).toBe('Week 53, 2026')
    expect(zh.week('2027-01-04')).toBe('2027年第1周')
  })

  it('shows instants in the zone of the workspace', () => {
    expect(zh.instant('2026-11-20T16:08:00Z')).toBe('2026-11-21 00:08')
    expect(gbp.instant('2026-11-20T16:08:00Z')).toBe('2026-11-20 16:08')
    expect(zh.instantDay('2026-11-20T16:08:00Z')).toBe('2026-11-21')
    expect(zh.instantShort('2026-11-20T16:08:00.123456Z')).toBe('11-21 00:08')
    expect(zh.time('2026-11-20T16:08:00Z')).toBe('00:08')
  })

  it('writes the bounds of a column by what they are', () => {
    expect(zh.bounds('51.0000', '-90.2500')).toBe('51 ～ −90.25')
    expect(en.bounds('2026-11-01T10:02:00Z', '2026-11-20T19:03:00Z')).toBe('2026-11-01 18:02 – 2026-11-21 03:03')
    expect([zh.bounds('0', '0'), zh.bounds(null, null), zh.bounds('00123', '9')]).toEqual(['0', '--', '00123 ～ 9'])
  })

  it('is relative for a day, then exact', () => {
    const now = Date.parse('2026-11-21T12:00:00Z')
    const ago = (ms: number) => new Date(now - ms).toISOString()
    expect(zh.relative(ago(20_000), now)).toBe('刚刚')
    expect(zh.relative(ago(5 * 60_000), now)).toBe('5 分钟前')
    expect(zh.relative(ago(3 * 3_600_000), now)).toBe('3 小时前')
    expect(en.relative(ago(3 * 3_600_000), now)).toBe('3 h ago')
    expect(zh.relative(ago(25 * 3_600_000), now)).toBe('2026-11-20 19:00')
    expect(zh.relative(ago(-3_600_000), now)).toBe('2026-11-21 21:00')
  })
})
