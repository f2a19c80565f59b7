// A rule while it is edited: a tree whose nodes keep an identity, so that a row that moves stays the same row. Pure.
import type { RuleJson } from '../../api/segments'
import { columnOf, fieldKind, formOf, measureKind, scoreKind, traitKind, type Kind } from './catalogue'

export const MODES = ['all', 'any', 'none'] as const
export type Mode = (typeof MODES)[number]

type Maybe<T> = T | undefined
export type Test = { op?: Maybe<string>; value?: unknown }
export type Filter = Test & { field?: Maybe<string> }
export type Span = { n?: Maybe<number>; unit?: Maybe<string> }
export type Anchor = { of?: Maybe<string>; where?: Maybe<Filter[]>; which?: Maybe<string> }
export type Window = { last?: Maybe<number>; unit?: Maybe<string>; from?: Maybe<string>; to?: Maybe<string>; after?: Maybe<Anchor>; within?: Maybe<Span> }
export type Measure = { of?: Maybe<string>; where?: Maybe<Filter[]>; agg?: Maybe<string>; column?: Maybe<string>; window?: Maybe<Window> }
export type Step = { of?: Maybe<string>; where?: Maybe<Filter[]>; within?: Maybe<Span>; absent?: Maybe<boolean> }
export type Sequence = { steps?: Maybe<Step[]>; within?: Maybe<Span>; window?: Maybe<Window> }
/** One condition, as it stands in JSON: one of the keys says of which kind it is. */
export type Leaf = Test & {
  trait?: Maybe<string>
  tag?: Maybe<string>
  score?: Maybe<string>
  identity?: Maybe<string>
  consent?: Maybe<string>
  segment?: Maybe<string>
  measure?: Maybe<Measure>
  sequence?: Maybe<Sequence>
}

export const LEAF_KINDS = ['trait', 'measure', 'sequence', 'score', 'tag', 'identity', 'consent', 'segment'] as const
export type LeafKind = (typeof LEAF_KINDS)[number]

export type Item = { id: number; leaf: Leaf }
export type Group = { id: number; mode: Mode; items: Node[] }
export type Node = Item | Group

/** Groups within groups, as the language allows them. */
export const MAX_DEPTH = 8

export const isGroup = (node: Node): node is Group => 'items' in node

export function kindOfLeaf(leaf: Leaf): LeafKind {
  return LEAF_KINDS.find((kind) => leaf[kind] !== undefined) ?? 'trait'
}

/** A condition to begin with. */
export function newLeaf(kind: LeafKind): Leaf {
  switch (kind) {
    case 'trait':
      return { trait: 'province', op: 'in', value: [] }
    case 'score':
      return { score: 'rfm.tier', op: 'in', value: [] }
    case 'tag':
      return { tag: '', op: 'exists' }
    case 'identity':
      return { identity: 'phone', op: 'exists' }
    case 'consent':
      return { consent: '', op: 'granted' }
    case 'segment':
      return { segment: '', op: 'in' }
    case 'measure':
      return { measure: { of: 'orders', window: { last: 90, unit: 'day' } }, op: 'ge', value: 1 }
    case 'sequence':
      return { sequence: { steps: [{ of: 'events', where: [{ field: 'event', op: 'eq' }] }, { of: 'orders', within: { n: 24, unit: 'hour' }, absent: true }], window: { last: 30, unit: 'day' } } }
  }
}

export const emptyRule: Group = { id: 1, mode: 'all', items: [] }

/** The rule as it is sent; the place of a node in it is the same as its pointer in the tree. */
export function ruleOf(node: Node): RuleJson {
  return isGroup(node) ? { [node.mode]: node.items.map(ruleOf) } : node.leaf
}

const isObject = (json: unknown): json is Record<string, unknown> => typeof json === 'object' && json !== null && !Array.isArray(json)
const isText = (json: unknown) => json === undefined || typeof json === 'string'
const isNumber = (json: unknown) => json === undefined || typeof json === 'number'
const isFilters = (json: unknown) => json === undefined || (Array.isArray(json) && json.every((each) => isObject(each) && isText(each.field) && isText(each.op)))
const isSpan = (json: unknown) => json === undefined || (isObject(json) && isNumber(json.n) && isText(json.unit))
const isFact = (json: unknown): json is Record<string, unknown> => isObject(json) && isText(json.of) && isFilters(json.where)
const isWindow = (json: unknown) =>
  json === undefined ||
  (isObject(json) && isNumber(json.last) && [json.unit, json.from, json.to].every(isText) && isSpan(json.within) && (json.after === undefined || (isFact(json.after) && isText(json.after.which))))

/** Whether the form can show a condition; one of another shape is for the server to complain about. */
function isLeaf(json: Record<string, unknown>): boolean {
  const kinds = LEAF_KINDS.filter((kind) => json[kind] !== undefined)
  const [kind] = kinds
  if (kinds.length !== 1 || kind === undefined || !isText(json.op)) return false
  if (kind === 'measure') {
    const { measure } = json
    return isFact(measure) && isText(measure.agg) && isText(measure.column) && isWindow(measure.window)
  }
  if (kind === 'sequence') {
    const { sequence } = json
    return isObject(sequence) && Array.isArray(sequence.steps) && sequence.steps.every((step) => isFact(step) && isSpan(step.within) && (step.absent === undefined || typeof step.absent === 'boolean')) && isSpan(sequence.within) && isWindow(sequence.window)
  }
  return isText(json[kind])
}

/** The tree of a rule; nothing when it is of a shape that the form cannot show. */
export function readRule(json: unknown): Group | undefined {
  let id = 0
  const read = (json: unknown): Node | undefined => {
    if (!isObject(json)) return undefined
    id += 1
    const mine = id
    const mode = MODES.find((each) => json[each] !== undefined)
    if (mode === undefined) return isLeaf(json) ? { id: mine, leaf: json } : undefined
    const list = json[mode]
    if (!Array.isArray(list) || Object.keys(json).length !== 1) return undefined
    const items = list.map(read)
    return items.every((item) => item !== undefined) ? { id: mine, mode, items } : undefined
  }
  const node = read(json)
  if (!node || isGroup(node)) return node
  return { id: id + 1, mode: 'all', items: [node] }
}

export type Action =
  | { type: 'replace'; rule: Group }
  | { type: 'mode'; id: number; mode: Mode }
  | { type: 'add'; to: number; leaf?: Leaf }
  | { type: 'change'; id: number; leaf: Leaf }
  | { type: 'remove'; id: number }
  | { type: 'copy'; id: number }
  | { type: 'move'; id: number; by: 1 | -1 }

export const lastId = (node: Node): number => (isGroup(node) ? Math.max(node.id, ...node.items.map(lastId)) : node.id)

/** The same content under new identities. */
function renumber(node: Node, from: number): Node {
  let id = from
  const again = (each: Node): Node => {
    id += 1
    const mine = id
    return isGroup(each) ? { ...each, id: mine, items: each.items.map(again) } : { ...each, id: mine }
  }
  return again(node)
}

/** The group that holds a node, with every list of items passed through `change`. */
function inGroups(group: Group, change: (group: Group) => Node[]): Group {
  const items = change(group)
  return { ...group, items: items.map((item) => (isGroup(item) ? inGroups(item, change) : item)) }
}

function find(group: Group, id: number): { group: Group; at: number } | undefined {
  const at = group.items.findIndex((item) => item.id === id)
  if (at >= 0) return { group, at }
  for (const item of group.items) {
    const found = isGroup(item) ? find(item, id) : undefined
    if (found) return found
  }
  return undefined
}

const without = (rule: Group, id: number) => inGroups(rule, ({ items }) => items.filter((item) => item.id !== id))

/** Up and down through everything that is shown: out of a group at its ends, into a group that stands in the way. */
function move(rule: Group, id: number, by: 1 | -1): Group {
  const found = find(rule, id)
  const node = found?.group.items[found.at]
  if (!found || !node) return rule
  const next = found.group.items[found.at + by]
  const put = (into: number, where: (items: Node[]) => number) =>
    inGroups(without(rule, id), ({ id: group, items }) => (group === into ? items.toSpliced(where(items), 0, node) : items))
  if (next && isGroup(next) && !isGroup(node)) return put(next.id, (items) => (by === 1 ? 0 : items.length))
  if (next) return put(found.group.id, () => found.at + by)
  const outer = find(rule, found.group.id)
  if (!outer) return rule
  const beside = found.group.id
  return put(outer.group.id, (items) => items.findIndex((item) => item.id === beside) + (by === 1 ? 1 : 0))
}

export function edit(rule: Group, action: Action): Group {
  switch (action.type) {
    case 'replace':
      return action.rule
    case 'mode':
      return rule.id === action.id ? { ...rule, mode: action.mode } : inGroups(rule, ({ items }) => items.map((item) => (item.id === action.id && isGroup(item) ? { ...item, mode: action.mode } : item)))
    case 'add': {
      const id = lastId(rule) + 1
      const node: Node = action.leaf ? { id, leaf: action.leaf } : { id, mode: 'any', items: [{ id: id + 1, leaf: newLeaf('trait') }] }
      return inGroups(rule, ({ id: group, items }) => (group === action.to ? [...items, node] : items))
    }
    case 'change':
      return inGroups(rule, ({ items }) => items.map((item) => (item.id === action.id && !isGroup(item) ? { ...item, leaf: action.leaf } : item)))
    case 'remove':
      return without(rule, action.id)
    case 'copy': {
      const from = lastId(rule)
      return inGroups(rule, ({ items }) => items.flatMap((item) => (item.id === action.id ? [item, renumber(item, from)] : [item])))
    }
    case 'move':
      return move(rule, action.id, action.by)
  }
}

function isTestDone(kind: Kind, { op, value }: Test): boolean {
  const isFilled = (one: unknown) => typeof one === 'number' || typeof one === 'boolean' || (typeof one === 'string' && one.trim() !== '')
  if (op === undefined) return false
  switch (formOf(kind, op)) {
    case 'none':
      return true
    case 'words':
      return Array.isArray(value) && value.length > 0
    case 'range':
    case 'days':
      return Array.isArray(value) && value.length === 2 && value.every(isFilled)
    default:
      return isFilled(value)
  }
}

const isFactDone = ({ of, where = [] }: { of?: Maybe<string>; where?: Maybe<Filter[]> }) =>
  Boolean(of) && where.every((filter) => Boolean(filter.field) && !filter.field?.endsWith('.') && isTestDone(fieldKind(of, filter.field), filter))
const isSpanDone = (span: Maybe<Span>) => span === undefined || (span.n !== undefined && Boolean(span.unit))
const isWindowDone = (window: Maybe<Window>) =>
  window === undefined || (window.after ? isFactDone(window.after) && Boolean(window.after.which) && isSpanDone(window.within) : Boolean(window.last && window.unit) || Boolean(window.from && window.to))

/** Whether a condition says all that it must; until then there is nothing to count. */
export function isDone(leaf: Leaf): boolean {
  const kind = kindOfLeaf(leaf)
  const { measure, sequence } = leaf
  if (measure) return isFactDone(measure) && (columnOf(measure.agg) !== 'must' || Boolean(measure.column)) && isWindowDone(measure.window) && isTestDone(measureKind(measure), leaf)
  if (sequence) return (sequence.steps ?? []).every((step) => isFactDone(step) && isSpanDone(step.within)) && isSpanDone(sequence.within) && isWindowDone(sequence.window)
  const name = leaf[kind] as string
  if (!name || name.endsWith('.')) return false
  return kind === 'trait' ? isTestDone(traitKind(name), leaf) : kind === 'score' ? isTestDone(scoreKind(name), leaf) : kind === 'tag' ? isTestDone('json', leaf) : Boolean(leaf.op)
}

/** Conditions that are not finished, and groups that hold nothing. */
export function unfinished(node: Node, isRoot = true): number[] {
  if (!isGroup(node)) return isDone(node.leaf) ? [] : [node.id]
  if (node.items.length === 0) return isRoot && node.mode === 'all' ? [] : [node.id]
  return node.items.flatMap((item) => unfinished(item, false))
}
