import { expect, test } from 'vitest'
import type { KpiPoint } from '../../api/types'
import type { Palette } from '../../charts/Chart'
import { outlookOption } from './outlookOption'

test('the expected line begins where the known one ends, and the band is as high as the range', () => {
  const past = [{ period: '2026-11-20', value: 4 }, { period: '2026-11-21', value: 6 }] as KpiPoint[]
  const ahead = [{ period: '2026-11-22', from: '2026-11-22', to: '2026-11-22', value: 5, low: -1, high: 9, lowest: -3, highest: 12, holidays: [] }]
  const palette = new Proxy({}, { get: () => '#000' }) as Palette
  const { series } = outlookOption(palette, past, ahead, { name: 'x', write: String }, () => '') as { series: { data: (number | null)[] }[] }
  expect(series.map((each) => each.data)).toEqual([
    [null, null, -1],
    [null, null, 10],
    [4, 6],
    [null, 6, 5],
  ])
})
