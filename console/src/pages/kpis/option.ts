// The chart of a figure: its line, an unfinished period dashed, what it is compared with, its goals; or its parts.
import type { EChartsCoreOption } from 'echarts/core'
import type { KpiSeries } from '../../api/types'
import { baseOption, type Palette } from '../../charts/Chart'
import { split } from '../overview/trend'

/** Colours of parts, in order. */
export const PART_COLOURS = ['series-1', 'series-2', 'series-3', 'series-4', 'series-5', 'series-6', 'text-2'] as const

type Axis = { name: string; write: (value: number) => string }
type Numbers = readonly (number | null)[]

const line = (data: Numbers, colour: string, style: object, more: object = {}) => ({
  type: 'line',
  data,
  showSymbol: data.length === 1,
  symbolSize: 6,
  connectNulls: false,
  emphasis: { disabled: true },
  itemStyle: { color: colour },
  lineStyle: { color: colour, width: 2.2, ...style },
  ...more,
})

export function kpiOption(palette: Palette, series: KpiSeries, compare: 'previous' | 'year' | 'none', axis: Axis, tip: (index: number) => string): EChartsCoreOption {
  const { points, parts } = series
  const isPartial = points.map((point) => point.is_unfinished)
  const drawn = (values: Numbers, colour: string) => {
    const { full, dashed } = split(values, isPartial)
    return [line(full, colour, {}, { z: 3 }), line(dashed, colour, { type: [4, 4] }, { z: 3 })]
  }
  const base = baseOption(palette, points.map((point) => point.period), axis, tip)
  if (parts.length > 0) {
    return { ...base, series: parts.flatMap((part, at) => drawn(part.numbers, palette[PART_COLOURS[at] ?? 'series-6'])) }
  }
  const values = points.map((point) => point.value)
  const lines: object[] = drawn(values, palette['series-1'])
  if (compare !== 'none') {
    const earlier = points.map((point) => (compare === 'year' ? point.year_before : point.previous))
    lines.unshift(line(earlier, palette['series-6'], { width: 1.4, opacity: 0.75 }, { z: 2 }))
  }
  if (points.some((point) => point.goal)) {
    lines.push(line(points.map((point) => point.goal?.value ?? null), palette['series-2'], { width: 1.6, type: [2, 3] }, { step: 'middle', showSymbol: true, symbol: 'rect', symbolSize: [14, 2] }))
  }
  // Days and weeks of feasts have a mark; among months nearly every one has some.
  if (series.by === 'day' || series.by === 'week') {
    const marked = points.map((point) => (point.holidays.length > 0 ? point.value : null))
    lines.push(line(marked, palette['series-4'], { width: 0, opacity: 0 }, { showSymbol: true, symbol: 'circle', symbolSize: 7, z: 4 }))
  }
  return { ...base, series: lines }
}
