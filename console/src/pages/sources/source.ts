// How a collection source does. Pure.
import type { Source } from '../../api/types'

/** Ways to send to a source; every source takes all of them. */
export const DIALECTS = ['segment', 'rudderstack', 'sensors', 'plain'] as const
export type Dialect = (typeof DIALECTS)[number]

export type HealthState = 'ok' | 'quiet' | 'unusual' | 'trouble' | 'never'

/** Silence for longer than this is worth a look. */
const QUIET_AFTER_MS = 60 * 60_000
/** A larger share of rejected events is trouble. */
const TROUBLE_RATIO = 0.01

export function stateOf({ health }: Pick<Source, 'health'>, now: number): HealthState {
  if (!health.last_received_at) return 'never'
  if (health.n_received_24h > 0 && health.n_rejected_24h / health.n_received_24h > TROUBLE_RATIO) return 'trouble'
  if (health.alert === 'silent' || now - Date.parse(health.last_received_at) > QUIET_AFTER_MS) return 'quiet'
  return health.alert === 'volume' ? 'unusual' : 'ok'
}

/** A key as it is shown: enough to tell it from others. */
export function shortKey(key: string): string {
  return key.length <= 8 ? '••••' : `${key.slice(0, 4)}••••${key.slice(-2)}`
}
