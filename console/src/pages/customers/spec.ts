// What the list of customers is asked for: the state in the address, and the request made of it.
import type { RuleJson } from '../../api/segments'
import type { View } from '../../api/types'
import type { CustomersSearch, Figure } from '../../app/search'

/** The part of the address that says which customers, in which order. */
export type Spec = Omit<CustomersSearch, 'after' | 'page' | 'person'>

export const SORTS = ['monetary', 'frequency', 'r_score', 'f_score', 'm_score', 'last_ordered_at', 'first_ordered_at', 'last_seen_at', 'registered_on'] as const
export type Sort = (typeof SORTS)[number]

/** The longest rule that an address holds, as it is written there; a longer one is kept by the server. */
const MAX_RULE = 1500

export function fitsAddress(rule: RuleJson): boolean {
  return encodeURIComponent(JSON.stringify(rule)).length <= MAX_RULE
}

/** The address of a view that was kept; its columns are no part of that. */
export function placeOf({ view_id, state }: Pick<View, 'view_id' | 'state'>): Spec {
  const { rule, ...rest } = state as Spec & { columns?: unknown }
  delete rest.columns
  return rule && !fitsAddress(rule) ? { ...rest, spec: view_id } : { ...rest, rule }
}

/** The filters that leave the people behind a figure of some days. */
export function behindFilter(figure: Figure, from: string, to: string) {
  switch (figure) {
    case 'net_sales':
    case 'orders':
    case 'active_customers':
      return { ordered_from: from, ordered_to: to }
    case 'new_customers':
      return { first_ordered_from: from, first_ordered_to: to }
    case 'repurchase_rate':
      return { ordered_from: from, ordered_to: to, min_orders: 2 }
    case 'refund_rate':
      return { refunded_from: from, refunded_to: to }
  }
}

const present = <T extends object>(object: T) => Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as { [K in keyof T]: Exclude<T[K], undefined> }

/** Whom to list, and in which order; `rule` is that of the address or the one kept under its `spec`. */
export function whomOf({ tier, rfm_segment, segment, tag, behind, from, to, sort, asc }: Spec, rule: RuleJson | undefined) {
  const figure = behind && from && to ? behindFilter(behind, from, to) : {}
  return present({
    rule,
    segment_id: segment,
    filter: present({ tier, rfm_segment, tag, ...figure }),
    sort: sort || asc ? present({ by: sort, desc: asc ? false : undefined }) : undefined,
  })
}

export type Whom = ReturnType<typeof whomOf>

/** Whether anything is filtered by. */
export function isFiltered({ tier, rfm_segment, segment, tag, behind, rule, spec }: Spec): boolean {
  return [tier, rfm_segment, segment, tag, behind, rule, spec].some((each) => each !== undefined)
}

/** The parts of a rule that all hold: those of the outermost group, or the rule itself. */
export function partsOf(rule: RuleJson): RuleJson[] {
  return Array.isArray(rule.all) && Object.keys(rule).length === 1 ? (rule.all as RuleJson[]) : [rule]
}

/** The rule without one of its parts; nothing when none is left. */
export function withoutPart(rule: RuleJson, at: number): RuleJson | undefined {
  const rest = partsOf(rule).filter((_, index) => index !== at)
  return rest.length > 0 ? { all: rest } : undefined
}
