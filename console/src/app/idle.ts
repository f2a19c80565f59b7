// When a session ends: some time after its reader was last seen, or when its longest time is over. Pure.

/** How long before the end its reader is asked. */
export const WARNING_MS = 2 * 60_000

export type Ending = {
  /** `on` until shortly before the end. */
  state: 'on' | 'ending' | 'over'
  left_ms: number
  /** Being there does not put it off any more. */
  isFinal: boolean
}

/** How a session stands at `now` for somebody who was last seen at `seen`. */
export function endingOf(now: number, seen: number, session: { idle_seconds: number; expires_at: string }): Ending {
  const idle = seen + session.idle_seconds * 1000
  const last = Date.parse(session.expires_at)
  const isFinal = last <= idle
  const left_ms = Math.max(0, Math.min(idle, Number.isNaN(last) ? idle : last) - now)
  return { state: left_ms === 0 ? 'over' : left_ms <= WARNING_MS ? 'ending' : 'on', left_ms, isFinal }
}

/** 1:05 */
export function clock(ms: number): string {
  const seconds = Math.ceil(ms / 1000)
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}
