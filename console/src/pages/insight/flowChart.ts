// Paths as a flow chart: columns of events, one a step. Its part of ECharts is loaded by this page alone.
import { SankeyChart } from 'echarts/charts'
import { use as register, type EChartsCoreOption } from 'echarts/core'
import type { PathsAnswer } from '../../api/types'
import type { Palette } from '../../charts/Chart'

register([SankeyChart])

export type PathFlow = PathsAnswer['flows'][number]
const COLOURS = ['series-1', 'series-3', 'series-5', 'series-2', 'series-4'] as const

/** What a node is, at a step. */
export const nodeKey = (at: number, node: PathFlow['from']) => `${at}:${node.kind}:${node.event ?? ''}`

/** Most links that are drawn; those of the last step are left out first, so that what is drawn adds up. */
const MAX_LINKS = 30

/** The flows that are drawn: whole steps, the first ones first. */
export function drawnSteps(flows: readonly PathFlow[]): PathFlow[] {
  const told = flows.filter((flow) => flow.n != null && flow.n > 0)
  const steps = [...new Set(told.map((flow) => flow.at))].sort((a, b) => a - b)
  const drawn: PathFlow[] = []
  for (const at of steps) {
    const next = told.filter((flow) => flow.at === at)
    if (drawn.length > 0 && drawn.length + next.length > MAX_LINKS) break
    drawn.push(...next)
  }
  return drawn
}

export function pathsOption(palette: Palette, flows: readonly PathFlow[], isBefore: boolean, words: { name: (node: PathFlow['from']) => string; write: (n: number) => string; tip: (index: number) => string }): EChartsCoreOption {
  const depth = Math.max(...flows.map((flow) => flow.at), 0) + 1
  // Looking back, what came first stands on the left.
  const column = (at: number) => (isBefore ? depth - at : at)
  const sums = new Map<string, { at: number; node: PathFlow['from']; n: number }>()
  const add = (at: number, node: PathFlow['from'], n: number) => {
    const key = nodeKey(at, node)
    const held = sums.get(key) ?? { at, node, n: 0 }
    sums.set(key, { ...held, n: held.n + n })
  }
  for (const flow of flows) {
    if (flow.at === 0) add(0, flow.from, flow.n ?? 0)
    add(flow.at + 1, flow.to, flow.n ?? 0)
  }
  const events = [...new Set([...sums.values()].filter(({ node }) => node.kind === 'event').map(({ node }) => node.event))]
  const colourOf = (node: PathFlow['from']) => (node.kind === 'event' ? (COLOURS[events.indexOf(node.event) % COLOURS.length] ?? 'series-1') : 'series-6')
  const nodes = [...sums].map(([name, { at, node, n }]) => ({
    name,
    depth: column(at),
    itemStyle: { color: palette[colourOf(node)] },
    label: { show: true, formatter: `${words.name(node)}  ${words.write(n)}`, position: column(at) === depth ? 'left' : 'right', color: palette.text, fontSize: 12, width: 130, overflow: 'truncate' },
  }))
  const links = flows.map((flow) => {
    const [from, to] = [nodeKey(flow.at, flow.from), nodeKey(flow.at + 1, flow.to)]
    return { source: isBefore ? to : from, target: isBefore ? from : to, value: flow.n ?? 0, lineStyle: { color: palette[colourOf(flow.to)], opacity: flow.to.kind === 'event' ? 0.4 : 0.18 } }
  })
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
      formatter: (point: { dataType?: string; dataIndex: number }) => (point.dataType === 'edge' ? words.tip(point.dataIndex) : ''),
    },
    series: [{ type: 'sankey', left: 8, right: 8, top: 8, bottom: 8, nodeWidth: 14, nodeGap: 10, layoutIterations: 32, draggable: false, emphasis: { focus: 'adjacency' }, data: nodes, links }],
  }
}
