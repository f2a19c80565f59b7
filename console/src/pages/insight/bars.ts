// Bars, one on the other, over a few places: steps of a funnel, lives, how often.
import type { EChartsCoreOption } from 'echarts/core'
import { baseOption, type Palette } from '../../charts/Chart'

export type Bar = { name: string; values: readonly (number | null)[]; colour: keyof Palette; isFaint?: boolean }

export function barsOption(palette: Palette, labels: readonly string[], bars: readonly Bar[], axis: { name: string; write: (value: number) => string }, tip: (index: number) => string, isStacked = true): EChartsCoreOption {
  const base = baseOption(palette, labels, axis, tip)
  return {
    ...base,
    xAxis: { ...(base.xAxis as object), boundaryGap: true, axisLabel: { color: palette['text-2'], fontSize: 12, hideOverlap: true, interval: labels.length > 12 ? 'auto' : 0, width: 110, overflow: 'truncate' } },
    series: bars.map((bar) => ({
      type: 'bar',
      name: bar.name,
      data: bar.values,
      ...(isStacked ? { stack: 'all' } : {}),
      barMaxWidth: 56,
      itemStyle: { color: palette[bar.colour], opacity: bar.isFaint ? 0.35 : 1 },
      emphasis: { disabled: true },
    })),
  }
}
