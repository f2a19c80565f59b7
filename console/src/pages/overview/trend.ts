// The trend: this period against the one before, an unfinished day dashed.
import type { EChartsCoreOption } from 'echarts/core'
import { baseOption, type Palette } from '../../charts/Chart'
import type { TrendPoint } from '../../api/types'
import type { Metric } from '../../app/search'

export const numberOf = (value: string | number | null | undefined): number | null => (value == null ? null : Number(value))

export function valuesOf(trend: readonly TrendPoint[], metric: Metric): (number | null)[] {
  return trend.map((point) => numberOf(point[metric]))
}

/** The finished part as a full line; the unfinished part as a dashed one that starts at the last finished day. */
export function split(values: readonly (number | null)[], isPartial: readonly boolean[]): { full: (number | null)[]; dashed: (number | null)[] } {
  const full = values.map((value, index) => (isPartial[index] ? null : value))
  const dashed = values.map((value, index) => (isPartial[index] || isPartial[index + 1] ? value : null))
  return { full, dashed }
}

export function trendOption(
  palette: Palette,
  trend: readonly TrendPoint[],
  metric: Metric,
  axis: { name: string; write: (value: number) => string },
  labels: readonly string[],
  tip: (index: number) => string,
): EChartsCoreOption {
  const { full, dashed } = split(valuesOf(trend, metric), trend.map((point) => point.is_partial))
  const line = (data: (number | null)[], colour: string, more: object) => ({
    type: 'line',
    data,
    showSymbol: trend.length === 1,
    symbolSize: 6,
    connectNulls: false,
    emphasis: { disabled: true },
    itemStyle: { color: colour },
    ...more,
  })
  const series = [
    line(full, palette['series-1'], { lineStyle: { color: palette['series-1'], width: 2.2 }, z: 3 }),
    line(dashed, palette['series-1'], { lineStyle: { color: palette['series-1'], width: 2.2, type: [4, 4] }, z: 3 }),
  ]
  if (metric === 'net_sales' && trend.some((point) => point.previous_net_sales != null)) {
    series.unshift(
      line(trend.map((point) => numberOf(point.previous_net_sales)), palette['series-6'], {
        lineStyle: { color: palette['series-6'], width: 1.4, opacity: 0.75 },
        z: 2,
      }),
    )
  }
  return { ...baseOption(palette, labels, axis, tip), series }
}
