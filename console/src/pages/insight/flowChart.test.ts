import { describe, expect, it } from 'vitest'
import { COLOURS } from '../../app/theme'
import { drawnSteps, pathsOption, type PathFlow } from './flowChart'

const event = (name: string) => ({ kind: 'event', event: name })
const end = { kind: 'end', event: null }
const flow = (at: number, from: PathFlow['from'], to: PathFlow['from'], n: number | null): PathFlow => ({ at, from, to, n })

describe('paths', () => {
  it('draws whole steps only, and nothing that is not told', () => {
    const many = Array.from({ length: 26 }, (_, at) => flow(1, event('b'), event(`c${at}`), 2))
    const flows = [flow(0, event('a'), event('b'), 52), flow(0, event('a'), end, 7), flow(0, event('a'), event('x'), null), ...many]
    expect(drawnSteps(flows)).toHaveLength(28)
    expect(drawnSteps([...flows, ...Array.from({ length: 9 }, (_, at) => flow(2, event('c0'), event(`d${at}`), 1))])).toHaveLength(28)
  })

  it('puts what came first on the left, and adds up', () => {
    const flows = [flow(0, event('a'), event('b'), 5), flow(0, event('a'), end, 3), flow(1, event('b'), end, 5)]
    const words = { name: (node: PathFlow['from']) => node.event ?? node.kind, write: String, tip: String }
    const of = (isBefore: boolean) => (pathsOption(COLOURS.light, flows, isBefore, words).series as { data: { name: string; depth: number; label: { formatter: string } }[]; links: { source: string; target: string }[] }[])[0]
    expect(of(false)?.data.map((node) => [node.label.formatter, node.depth])).toEqual([['a  8', 0], ['b  5', 1], ['end  3', 1], ['end  5', 2]])
    expect(of(true)?.data.map((node) => node.depth)).toEqual([2, 1, 1, 0])
    expect(of(true)?.links[0]).toMatchObject({ source: '1:event:b', target: '0:event:a' })
  })
})
