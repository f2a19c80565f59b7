// The chart of a forecast: what was, what is expected, and between which it is 4 times out of 5.
import type { EChartsCoreOption } from 'echarts/core'
import type { KpiForecast, KpiPoint } from '../../api/types'
import { baseOption, type Palette } from '../../charts/Chart'

type Axis = { name: string; write: (value: number) => string }
type Ahead = KpiForecast['points'][number]

export function outlookOption(palette: Palette, past: readonly KpiPoint[], ahead: readonly Ahead[], axis: Axis, tip: (index: number) => string): EChartsCoreOption {
  const labels = [...past, ...ahead].map((point) => point.period)
  const gap = past.map(() => null)
  // The dashed line begins where the full one ends.
  const joined = [...past.map((point, at) => (at === past.length - 1 ? point.value : null)), ...ahead.map((point) => point.value)]
  const line = { type: 'line', showSymbol: false, connectNulls: false, emphasis: { disabled: true } }
  const band = { ...line, stack: 'range', stackStrategy: 'all', lineStyle: { opacity: 0 }, silent: true }
  return {
    ...baseOption(palette, labels, axis, tip),
    series: [
      { ...band, data: [...gap, ...ahead.map((point) => point.low)] },
      { ...band, data: [...gap, ...ahead.map((point) => point.high - point.low)], areaStyle: { color: palette['series-6'], opacity: 0.3 } },
      { ...line, data: past.map((point) => point.value), z: 3, itemStyle: { color: palette['series-1'] }, lineStyle: { color: palette['series-1'], width: 2.2 } },
      { ...line, data: joined, z: 3, itemStyle: { color: palette['series-1'] }, lineStyle: { color: palette['series-1'], width: 2.2, type: [4, 4] } },
    ],
  }
}
