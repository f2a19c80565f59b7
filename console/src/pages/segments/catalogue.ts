// What conditions can ask about, as the language of segments has it (docs/guides/segments.md). Tags, purposes and further
// attributes are the workspace's own: they are typed, and the server says when there is no such.
import type { Measure } from './rule'

/** What a field holds; `json` is of whatever type the value asked for is. */
export type Kind = 'text' | 'number' | 'flag' | 'day' | 'json'

export const TRAITS = {
  province: 'text',
  city: 'text',
  country: 'text',
  gender: 'text',
  birth_year: 'number',
  member_level: 'text',
  registered_on: 'day',
  acquisition_channel: 'text',
  kind: 'text',
  first_seen_at: 'day',
  last_seen_at: 'day',
  created_at: 'day',
  n_identities: 'number',
} as const satisfies Record<string, Kind>

export const SCORES = {
  'rfm.tier': 'text',
  'rfm.segment': 'text',
  'rfm.r_score': 'number',
  'rfm.f_score': 'number',
  'rfm.m_score': 'number',
  'rfm.recency_days': 'number',
  'rfm.frequency': 'number',
  'rfm.monetary': 'number',
  'clv.p_alive': 'number',
  'clv.expected_orders': 'number',
  'clv.expected_value': 'number',
  'churn.probability': 'number',
  'clusters.cluster': 'number',
  'clusters.label': 'text',
} as const satisfies Record<string, Kind>

const SHARED = { channel: 'text', source: 'text' } as const
const ORDERS = {
  net_amount: 'number',
  amount: 'number',
  discount: 'number',
  refunded_amount: 'number',
  n_items: 'number',
  ...SHARED,
  status: 'text',
  kind: 'text',
  store_id: 'text',
  coupon_id: 'text',
  campaign_id: 'text',
  order_id: 'text',
  ordered_at: 'day',
} as const

/** The tables of facts with their fields. */
export const FACTS = {
  orders: ORDERS,
  all_orders: ORDERS,
  order_items: {
    'product.name': 'text',
    'product.brand': 'text',
    'product.category_1': 'text',
    'product.category_2': 'text',
    'product.category_3': 'text',
    'product.kind': 'text',
    product_id: 'text',
    quantity: 'number',
    unit_price: 'number',
    amount: 'number',
    discount: 'number',
    order_id: 'text',
    ordered_at: 'day',
  },
  events: {
    event: 'text',
    value: 'number',
    url: 'text',
    referrer: 'text',
    device: 'text',
    ...SHARED,
    utm_source: 'text',
    utm_medium: 'text',
    utm_campaign: 'text',
    product_id: 'text',
    order_id: 'text',
    session_id: 'text',
    occurred_at: 'day',
  },
  interactions: {
    kind: 'text',
    topic: 'text',
    satisfaction: 'number',
    agent: 'text',
    channel: 'text',
    opened_at: 'day',
    first_reply_at: 'day',
    closed_at: 'day',
  },
  feedback: { kind: 'text', score: 'number', sentiment: 'number', text: 'text', topics: 'text', channel: 'text', at: 'day' },
} as const satisfies Record<string, Record<string, Kind>>

export type Fact = keyof typeof FACTS
export const FACT_NAMES = Object.keys(FACTS) as Fact[]

/** What stands before the names of further attributes. */
export function furtherOf(fact: string | undefined): string | undefined {
  return fact === 'events' ? 'properties.' : fact === 'order_items' ? undefined : 'traits.'
}

export const IDENTITIES = ['phone', 'email', 'member_id', 'unionid', 'openid', 'card_no', 'device_id', 'external_id', 'name', 'address', 'birthday'] as const

const COMPARED = ['ge', 'le', 'gt', 'lt', 'eq', 'ne', 'between'] as const
const WORDED = ['eq', 'ne', 'in', 'not_in', 'contains', 'starts_with'] as const
const DATED = ['within_last', 'before_last', 'from', 'before', 'between'] as const
const THERE = ['exists', 'missing'] as const
export const OPS: Record<Kind, readonly string[]> = {
  text: ['in', 'not_in', 'eq', 'ne', 'contains', 'starts_with', ...THERE],
  number: [...COMPARED, ...THERE],
  day: [...DATED, ...THERE],
  flag: ['eq', ...THERE],
  json: [...new Set([...WORDED, ...COMPARED, ...DATED, ...THERE])],
}

/** How the value of a test is written down. */
export type ValueForm = 'none' | 'words' | 'word' | 'number' | 'range' | 'day' | 'days' | 'n_days' | 'flag' | 'any'

export function formOf(kind: Kind, op: string | undefined): ValueForm {
  switch (op) {
    case undefined:
    case 'exists':
    case 'missing':
      return 'none'
    case 'in':
    case 'not_in':
      return 'words'
    case 'contains':
    case 'starts_with':
      return 'word'
    case 'within_last':
    case 'before_last':
      return 'n_days'
    case 'from':
    case 'before':
      return 'day'
    case 'between':
      return kind === 'day' ? 'days' : 'range'
    case 'eq':
    case 'ne':
      return kind === 'flag' ? 'flag' : kind === 'number' ? 'number' : kind === 'json' ? 'any' : 'word'
    default:
      return 'number'
  }
}

/** A value to begin with. */
export function firstValue(form: ValueForm): unknown {
  return form === 'words' ? [] : form === 'n_days' ? 30 : form === 'flag' ? true : undefined
}

function kindIn(fields: Record<string, Kind>, name: string | undefined): Kind {
  return name !== undefined && Object.hasOwn(fields, name) ? (fields[name] ?? 'json') : 'json'
}

export const traitKind = (name: string | undefined): Kind => kindIn(TRAITS, name)
export const scoreKind = (name: string | undefined): Kind => kindIn(SCORES, name)
export const fieldKind = (fact: string | undefined, name: string | undefined): Kind => kindIn(FACTS[fact as Fact] ?? {}, name)

/** Columns that an aggregate can be taken of. */
export function columnsFor(fact: string | undefined, agg: string | undefined): string[] {
  const isFit = (kind: Kind) => (agg === 'min' || agg === 'max' ? kind === 'number' || kind === 'day' : agg === 'sum' || agg === 'avg' ? kind === 'number' : kind === 'text')
  return Object.entries(FACTS[fact as Fact] ?? {}).flatMap(([name, kind]) => (isFit(kind) ? [name] : []))
}

export const AGGS = ['count', 'days', 'sum', 'avg', 'min', 'max', 'first', 'last', 'distinct', 'top'] as const

/** Whether an aggregate is taken of a column: it must be, may be, or is not. */
export function columnOf(agg: string | undefined): 'must' | 'may' | 'no' {
  if (agg === undefined || agg === 'count' || agg === 'days') return 'no'
  return agg === 'first' || agg === 'last' ? 'may' : 'must'
}

/** What a measure comes to. */
export function measureKind({ of, agg, column }: Measure): Kind {
  switch (agg) {
    case 'first':
    case 'last':
      return column === undefined ? 'day' : fieldKind(of, column)
    case 'top':
      return fieldKind(of, column)
    case 'min':
    case 'max':
      return fieldKind(of, column) === 'day' ? 'day' : 'number'
    default:
      return 'number'
  }
}
