// Words for codes that the server sends. A code we do not know is shown as it is, never dropped.
import type { TFunction } from 'i18next'
import { zh } from './i18n/zh'

export const TIERS = ['core', 'potential', 'general', 'at_risk'] as const
export type Tier = (typeof TIERS)[number]

export const SEGMENTS = ['champions', 'promising_value', 'keep_value', 'cant_lose', 'loyal_low', 'promising', 'slipping', 'lost'] as const
export type Segment = (typeof SEGMENTS)[number]

export const ENTITIES = Object.keys(zh.entity) as (keyof typeof zh.entity)[]

type Group = 'tier' | 'segment' | 'identity' | 'identity_status' | 'edge' | 'order_status' | 'order_kind' | 'entity' | 'entity_hint' | 'stage' | 'rule' | 'reason' | 'binding_state' | 'trait' | 'score' | 'fact' | 'fact_field' | 'personal' | 'agg' | 'op' | 'unit' | 'contact_kind' | 'feedback_kind' | 'touch_outcome' | 'act' | 'actor' | 'role' | 'record_field'

/** The word for a code; the code itself if there is none. */
export function word(t: TFunction, group: Group, code: string | null | undefined): string {
  if (!code) return '--'
  if (!Object.hasOwn(zh[group], code)) return code
  // The key is known to exist, which the compiler cannot see.
  return (t as unknown as (key: string) => string)(`${group}.${code}`)
}
