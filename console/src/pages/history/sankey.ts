// A flow chart of what went from where to where. Its part of ECharts is loaded by this page alone.
import { SankeyChart } from 'echarts/charts'
import { use as register, type EChartsCoreOption } from 'echarts/core'
import type { Palette } from '../../charts/Chart'

register([SankeyChart])

/** More links than this are drawn as one. */
const MAX_LINKS = 30

export type Flow = { before: string | undefined; after: string | undefined; n: number }

/** The largest flows, and the sum of the others as one from others to others, so that what is drawn adds up. */
export function drawnFlows(flows: readonly Flow[], nOthers: number): { shown: readonly Flow[]; nRest: number } {
  const shown = flows.length > MAX_LINKS ? flows.slice(0, MAX_LINKS - 1) : flows
  return { shown, nRest: nOthers + flows.slice(shown.length).reduce((sum, flow) => sum + flow.n, 0) }
}

type Words = {
  nameOf: (value: string | undefined, side: 'before' | 'after') => string
  colourOf: (value: string | undefined) => keyof Palette
  /** Where a value stands from top to bottom. */
  rankOf: (value: string | undefined) => number
  others: string
  write: (n: number) => string
  tip: (index: number) => string
}

export function sankeyOption(palette: Palette, shown: readonly Flow[], nRest: number, words: Words): EChartsCoreOption {
  const id = (side: 'before' | 'after', value: string | undefined) => `${side}:${value === undefined ? '-' : `=${value}`}`
  const sums = new Map<string, { side: 'before' | 'after'; value: string | undefined; n: number }>()
  for (const flow of shown)
    for (const side of ['before', 'after'] as const) {
      const key = id(side, flow[side])
      const held = sums.get(key) ?? { side, value: flow[side], n: 0 }
      sums.set(key, { ...held, n: held.n + flow.n })
    }
  const label = (side: 'before' | 'after', text: string) => ({ show: true, formatter: text, position: side === 'before' ? 'right' : 'left', color: palette.text, fontSize: 12 })
  const nodes = [...sums].sort(([, a], [, b]) => words.rankOf(a.value) - words.rankOf(b.value)).map(([name, { side, value, n }]) => ({
    name,
    depth: side === 'before' ? 0 : 1,
    itemStyle: { color: palette[words.colourOf(value)] },
    label: label(side, `${words.nameOf(value, side)}  ${words.write(n)}`),
  }))
  const links = shown.map((flow) => ({
    source: id('before', flow.before),
    target: id('after', flow.after),
    value: flow.n,
    // Those who stayed are the ground; what moved stands out.
    lineStyle: { color: palette[flow.before === flow.after ? 'series-6' : words.colourOf(flow.after)], opacity: flow.before === flow.after ? 0.18 : 0.45 },
  }))
  if (nRest > 0) {
    for (const side of ['before', 'after'] as const)
      nodes.push({ name: `${side}:others`, depth: side === 'before' ? 0 : 1, itemStyle: { color: palette['series-6'] }, label: label(side, `${words.others}  ${words.write(nRest)}`) })
    links.push({ source: 'before:others', target: 'after:others', value: nRest, lineStyle: { color: palette['series-6'], opacity: 0.18 } })
  }
  return {
    tooltip: {
      trigger: 'item',
      renderMode: 'richText',
      confine: true,
      backgroundColor: palette.surface,
      borderColor: palette['border-strong'],
      borderWidth: 1,
      padding: [8, 10],
      textStyle: { color: palette.text, fontSize: 12, lineHeight: 18 },
      formatter: (point: { dataType?: string; dataIndex: number }) => (point.dataType === 'edge' && point.dataIndex < shown.length ? words.tip(point.dataIndex) : ''),
    },
    series: [
      {
        type: 'sankey',
        left: 8,
        right: 8,
        top: 8,
        bottom: 8,
        nodeWidth: 14,
        nodeGap: 10,
        // The order of the nodes is the order of the tiers, on both sides.
        layoutIterations: 0,
        draggable: false,
        emphasis: { focus: 'adjacency' },
        data: nodes,
        links,
      },
    ],
  }
}
