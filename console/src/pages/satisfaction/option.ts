// The chart of a score by period: the line, and between which it is 19 times out of 20.
import type { EChartsCoreOption } from 'echarts/core'
import type { Satisfaction } from '../../api/satisfaction'
import { baseOption, type Palette } from '../../charts/Chart'

type Axis = { name: string; write: (value: number) => string }

export function scoreOption(palette: Palette, periods: Satisfaction['periods'], axis: Axis, tip: (index: number) => string): EChartsCoreOption {
  const line = { type: 'line', connectNulls: false, emphasis: { disabled: true } }
  const band = { ...line, showSymbol: false, stack: 'range', stackStrategy: 'all', lineStyle: { opacity: 0 }, silent: true }
  return {
    ...baseOption(
      palette,
      periods.map((one) => one.period),
      axis,
      tip,
    ),
    series: [
      { ...band, data: periods.map((one) => one.low) },
      { ...band, data: periods.map((one) => (one.high == null || one.low == null ? null : one.high - one.low)), areaStyle: { color: palette['series-6'], opacity: 0.3 } },
      { ...line, data: periods.map((one) => one.score), z: 3, symbolSize: 6, itemStyle: { color: palette['series-1'] }, lineStyle: { color: palette['series-1'], width: 2.2 } },
    ],
  }
}
