// Collection sources as the page needs them. Pure; nothing here asks a server yet: the page is not routed until one answers.

export const DIALECTS = ['segment', 'rudderstack', 'sensors'] as const
export type Dialect = (typeof DIALECTS)[number]

export type HealthState = 'ok' | 'quiet' | 'trouble' | 'never'

export type SourceHealth = {
  /** Newest event, an instant; none yet: null. */
  last_received_at: string | null
  n_received_24h: number
  n_rejected_24h: number
  /** Why events were rejected in the last 24 hours, by code. */
  rejected_by_reason: Record<string, number>
  /** Received but not yet seen in figures. */
  lag_seconds: number | null
}

export type Source = {
  source_id: string
  name: string
  dialect: Dialect
  write_key: string
  is_enabled: boolean
  health: SourceHealth
}

/** Silence for longer than this is worth a look. */
const QUIET_AFTER_MS = 60 * 60_000
/** A larger share of rejected events is trouble. */
const TROUBLE_RATIO = 0.01

export function stateOf({ health }: Pick<Source, 'health'>, now: number): HealthState {
  if (!health.last_received_at) return 'never'
  const n = health.n_received_24h + health.n_rejected_24h
  if (n > 0 && health.n_rejected_24h / n > TROUBLE_RATIO) return 'trouble'
  return now - Date.parse(health.last_received_at) > QUIET_AFTER_MS ? 'quiet' : 'ok'
}

/** A key as it is shown: enough to tell it from others. */
export function shortKey(key: string): string {
  return key.length <= 8 ? '••••' : `${key.slice(0, 4)}••••${key.slice(-2)}`
}
