import { describe, expect, it } from 'vitest'
import { drawnFlows, sankeyOption, type Flow } from './sankey'
import { COLOURS } from '../../app/theme'

const flows = (n: number): Flow[] => Array.from({ length: n }, (_, at) => ({ before: `b${at % 7}`, after: at % 5 === 0 ? undefined : `a${at}`, n: n - at }))
const sum = (all: readonly { n: number }[]) => all.reduce((total, one) => total + one.n, 0)

describe('flows', () => {
  it.each([0, 1, 29, 30, 31, 200])('add up however many there are (%i)', (n) => {
    const all = flows(n)
    const { shown, nRest } = drawnFlows(all, 13)
    expect(shown.length).toBeLessThanOrEqual(30)
    expect(sum(shown) + nRest).toBe(sum(all) + 13)
  })
  it('are drawn between the values of the two days, those without a value too', () => {
    const words = { nameOf: (value?: string) => value ?? 'none', colourOf: () => 'series-1' as const, rankOf: (value?: string) => (value === undefined ? 1 : 0), others: 'others', write: String, tip: String }
    const option = sankeyOption(COLOURS.light, [{ before: undefined, after: 'core', n: 3 }, { before: 'core', after: 'core', n: 2 }], 4, words)
    const [series] = option.series as { data: { name: string; label: { formatter: string } }[]; links: { source: string; target: string; value: number }[] }[]
    expect(series?.data.map((node) => node.label.formatter)).toEqual(['core  5', 'core  2', 'none  3', 'others  4', 'others  4'])
    expect(new Set(series?.data.map((node) => node.name)).size).toBe(5)
    expect(series?.links.map((link) => link.value)).toEqual([3, 2, 4])
  })
})
