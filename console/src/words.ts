// Words for codes that the server sends. A code we do not know is shown as it is, never dropped.
import type { TFunction } from 'i18next'
import type { zh } from './i18n/zh'

export const TIERS = ['core', 'potential', 'general', 'at_risk'] as const
export type Tier = (typeof TIERS)[number]

export const SEGMENTS = ['champions', 'promising_value', 'keep_value', 'cant_lose', 'loyal_low', 'promising', 'slipping', 'lost'] as const
export type Segment = (typeof SEGMENTS)[number]

export const ENTITIES = ['profiles', 'orders', 'order_items', 'order_lines', 'products', 'events', 'interactions', 'feedback', 'campaigns', 'touches'] as const satisfies readonly (keyof typeof zh.entity)[]

type Group = 'tier' | 'segment' | 'identity' | 'identity_status' | 'edge' | 'order_status' | 'order_kind' | 'entity' | 'entity_hint' | 'stage' | 'rule' | 'reason' | 'binding_state' | 'trait' | 'score' | 'fact' | 'fact_field' | 'personal' | 'agg' | 'op' | 'unit' | 'contact_kind' | 'feedback_kind' | 'touch_outcome' | 'act' | 'actor' | 'role' | 'record_field'

/** The word for a code; the code itself if there is none. */
export function word(t: TFunction, group: Group, code: string | null | undefined): string {
  return code ? said(t, `${group}.${code}`, code) : '--'
}

type Part = `alerts.${'kind' | 'severity'}` | 'approvals.status' | `incidents.${'kind' | 'severity' | 'status' | 'class' | 'step' | 'hook'}` | `retention.${'class' | 'basis' | 'then'}` | 'budgets.meter' | `register.${'why' | 'basis' | 'separate'}` | `grades.${'class' | 'origin'}`

/** The same, of codes whose words stand among other texts of a page. */
export function known(t: TFunction, part: Part, code: string): string {
  return said(t, `${part}_${code}`, code)
}

/** The text of a key that may not exist, which the compiler cannot see. */
export function said(t: TFunction, key: string, otherwise: string, values?: object): string {
  return (t as unknown as (key: string, values: object) => string)(key, { ...values, defaultValue: otherwise })
}
