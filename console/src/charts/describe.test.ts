import { beforeEach, expect, it } from 'vitest'
import i18n from '../i18n'
import { describeLine } from './describe'
import { runs } from './Sparkline'

const line = {
  name: '净销售额',
  labels: ['11-18', '11-19', '11-20', '11-21'],
  values: [120, null, 300, 10],
  write: (value: number) => `¥${value}`,
}

beforeEach(async () => {
  await i18n.changeLanguage('zh')
})

it('names span, highest and lowest, and leaves an unfinished day out of the lowest', () => {
  expect(describeLine(i18n.t, { ...line, isLastPartial: true, totals: { current: '¥430', previous: '¥400' } })).toBe(
    '净销售额，11-18至11-21，共 3 个点；最高 11-20 ¥300，最低 11-18 ¥120。对比期合计 ¥400，本期合计 ¥430。最后一天未结束。',
  )
  expect(describeLine(i18n.t, line)).toContain('最低 11-21 ¥10')
})

it('says so when there is nothing to see', () => {
  expect(describeLine(i18n.t, { ...line, values: [null, null, null, null] })).toBe('净销售额：没有数据。')
})

it('reads well in English', async () => {
  await i18n.changeLanguage('en')
  expect(describeLine(i18n.t, { ...line, name: 'Net sales', isLastPartial: true })).toBe(
    'Net sales, 11-18 to 11-21, 3 points; highest 11-20 ¥300, lowest 11-18 ¥120. The last day is not over.',
  )
})

it('keeps gaps in a sparkline', () => {
  expect(runs([1, null, 2, 3]).map((run) => run.map((point) => point.index))).toEqual([[0], [2, 3]])
})
