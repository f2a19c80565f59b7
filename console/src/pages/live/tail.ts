// The newest events as they arrive, kept short, held back while the reader has paused. Knows nothing of how they come.
import { useCallback, useEffect, useEffectEvent, useState } from 'react'

export type LiveEvent = {
  event_id: string
  received_at: string
  source: string
  /** track, identify, page … */
  kind: string
  name: string | null
  /** Whom it is about, masked by the server. */
  who: string | null
  status: 'accepted' | 'rejected'
  /** The server's word: accepted, violation, rejected, refused. */
  outcome?: string
  reason_code: string | null
  /** Properties, personal values masked by the server. */
  properties: Record<string, unknown>
}

/** Calls with events as they arrive, newest last; gives back what ends it. */
export type Subscribe = (onEvents: (events: readonly LiveEvent[]) => void) => () => void

const KEPT = 200

export type Tail = { events: readonly LiveEvent[]; nHeld: number; isPaused: boolean; setPaused: (paused: boolean) => void }

/** Newest first, each once, no more than are kept. */
export function added(events: readonly LiveEvent[], arrived: readonly LiveEvent[]): LiveEvent[] {
  const known = new Set(events.map((event) => event.event_id))
  const fresh = arrived.filter((event) => !known.has(event.event_id) && known.add(event.event_id))
  return [...fresh.reverse(), ...events].slice(0, KEPT)
}

export function useTail(subscribe: Subscribe): Tail {
  const [{ events, held, isPaused }, set] = useState<{ events: LiveEvent[]; held: LiveEvent[]; isPaused: boolean }>({ events: [], held: [], isPaused: false })
  const arrive = useEffectEvent((arrived: readonly LiveEvent[]) =>
    set((old) => (old.isPaused ? { ...old, held: added(old.held, arrived) } : { ...old, events: added(old.events, arrived) })),
  )
  useEffect(() => subscribe((arrived) => arrive(arrived)), [subscribe])
  const setPaused = useCallback(
    (paused: boolean) => set((old) => (paused ? { ...old, isPaused: true } : { events: added(old.events, [...old.held].reverse()), held: [], isPaused: false })),
    [],
  )
  return { events, nHeld: held.length, isPaused, setPaused }
}
