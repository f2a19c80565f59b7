import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { RuleJson } from '../../api/segments'
import { edit, emptyRule, isDone, isGroup, LEAF_KINDS, newLeaf, readRule, ruleOf, unfinished, type Group, type Node } from './rule'

const guide = readFileSync('../docs/guides/segments.md', 'utf8')
const EXAMPLES = [...guide.matchAll(/```json\n([\s\S]*?)```/g)].map((found) => JSON.parse(found[1]!) as RuleJson)

const phone = (op: string) => ({ identity: 'phone', op })
const RULE = { all: [phone('a'), { any: [phone('b'), phone('c')] }, phone('d')] }
const tree = (): Group => readRule(RULE)!

/** Every node by what stands in it. */
function idOf(node: Node, op: string): number | undefined {
  if (!isGroup(node)) return node.leaf.op === op ? node.id : undefined
  if (node.mode === op) return node.id
  return node.items.map((item) => idOf(item, op)).find((id) => id !== undefined)
}
const shape = (node: Node): unknown => (isGroup(node) ? node.items.map(shape) : node.leaf.op)
const ids = (node: Node): number[] => [node.id, ...(isGroup(node) ? node.items.flatMap(ids) : [])]

describe('a rule', () => {
  it('comes back from the form as it went in, for every example of the guide', () => {
    expect(EXAMPLES.length).toBeGreaterThan(8)
    for (const example of EXAMPLES) {
      const read = readRule(example)!
      const isLeaf = !('all' in example || 'any' in example || 'none' in example)
      expect(ruleOf(read)).toEqual(isLeaf ? { all: [example] } : example)
      expect(unfinished(read)).toEqual([])
    }
  })

  it('of another shape is left to the text', () => {
    for (const json of [5, [], null, {}, { all: 5 }, { all: [{}] }, { all: [], any: [] }, { trait: 'a', tag: 'b' }, { measure: 5 }, { sequence: { steps: 1 } }, { measure: { of: 'orders', where: [5] } }]) {
      expect(readRule(json)).toBeUndefined()
    }
  })

  it('keeps every identity apart, whatever is done to it', () => {
    let rule = tree()
    for (const op of ['any', 'a', 'c']) rule = edit(rule, { type: 'copy', id: idOf(rule, op)! })
    rule = edit(rule, { type: 'add', to: rule.id })
    rule = edit(rule, { type: 'add', to: idOf(rule, 'any')!, leaf: phone('e') })
    expect(new Set(ids(rule)).size).toBe(ids(rule).length)
  })
})

describe('editing', () => {
  it('moves a condition through everything, and back the same way', () => {
    let rule = tree()
    const id = idOf(rule, 'a')!
    const seen = [shape(rule)]
    for (let step = 0; step < 4; step += 1) {
      rule = edit(rule, { type: 'move', id, by: 1 })
      seen.push(shape(rule))
    }
    expect(seen.slice(1)).toEqual([[['a', 'b', 'c'], 'd'], [['b', 'a', 'c'], 'd'], [['b', 'c', 'a'], 'd'], [['b', 'c'], 'a', 'd']])
    for (const before of seen.slice(0, -1).reverse()) {
      rule = edit(rule, { type: 'move', id, by: -1 })
      expect(shape(rule)).toEqual(before)
    }
    expect(edit(rule, { type: 'move', id, by: -1 })).toBe(rule)
  })

  it('moves a group past conditions, never into another', () => {
    let rule = edit(tree(), { type: 'copy', id: idOf(tree(), 'any')! })
    const id = idOf(rule, 'any')!
    rule = edit(rule, { type: 'move', id, by: 1 })
    expect(shape(rule)).toEqual(['a', ['b', 'c'], ['b', 'c'], 'd'])
    rule = edit(edit(rule, { type: 'move', id, by: 1 }), { type: 'move', id, by: 1 })
    expect(shape(rule)).toEqual(['a', ['b', 'c'], 'd', ['b', 'c']])
  })

  it('copies, removes, changes and adds where it is told', () => {
    const rule = tree()
    expect(shape(edit(rule, { type: 'copy', id: idOf(rule, 'b')! }))).toEqual(['a', ['b', 'b', 'c'], 'd'])
    expect(shape(edit(rule, { type: 'remove', id: idOf(rule, 'any')! }))).toEqual(['a', 'd'])
    expect(shape(edit(rule, { type: 'change', id: idOf(rule, 'c')!, leaf: phone('x') }))).toEqual(['a', ['b', 'x'], 'd'])
    expect(shape(edit(rule, { type: 'add', to: idOf(rule, 'any')!, leaf: phone('e') }))).toEqual(['a', ['b', 'c', 'e'], 'd'])
    expect(ruleOf(edit(rule, { type: 'mode', id: idOf(rule, 'any')!, mode: 'none' }))).toEqual({ all: [phone('a'), { none: [phone('b'), phone('c')] }, phone('d')] })
    expect(shape(rule)).toEqual(['a', ['b', 'c'], 'd'])
  })
})

describe('what is unfinished', () => {
  it('is every new condition that names a value to be filled in, and an empty group', () => {
    const done = LEAF_KINDS.filter((kind) => isDone(newLeaf(kind)))
    expect(done).toEqual(['measure', 'identity'])
    expect(unfinished(emptyRule)).toEqual([])
    expect(unfinished({ ...emptyRule, mode: 'any' })).toEqual([1])
    const grouped = edit(emptyRule, { type: 'add', to: 1 })
    const inner = grouped.items[0] as Group
    expect(unfinished(edit(grouped, { type: 'remove', id: inner.items[0]!.id }))).toEqual([inner.id])
  })

  it('is a comparison without its value, a range without its end, a sum without its column', () => {
    for (const [leaf, is] of [
      [{ trait: 'birth_year', op: 'ge' }, false],
      [{ trait: 'birth_year', op: 'ge', value: 0 }, true],
      [{ trait: 'birth_year', op: 'between', value: [1990] }, false],
      [{ trait: 'birth_year', op: 'missing' }, true],
      [{ trait: 'traits.', op: 'exists' }, false],
      [{ measure: { of: 'orders', agg: 'sum' }, op: 'ge', value: 1 }, false],
      [{ measure: { of: 'orders', agg: 'last' }, op: 'within_last', value: 30 }, true],
      [{ measure: { of: 'orders', window: { from: '2026-01-01' } }, op: 'ge', value: 1 }, false],
    ] as const) {
      expect(isDone(structuredClone(leaf) as Parameters<typeof isDone>[0]), JSON.stringify(leaf)).toBe(is)
    }
  })
})
