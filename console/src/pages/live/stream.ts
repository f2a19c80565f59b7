// The server's stream of live events. The browser connects again by itself when it breaks.
import type { LiveEvent as Wire } from '../../api/types'
import type { LiveEvent } from './tail'

type Listener = {
  onEvents: (events: readonly LiveEvent[]) => void
  /** Whether the connection is gone for now. */
  onLost: (isLost: boolean) => void
  /** How many events came too fast. */
  onMissed: (n: number) => void
  /** The budget of a day is used up: nothing more comes. */
  onOver: () => void
}

let nSeen = 0

/** An event of the stream as it is shown. */
export function shownOf(wire: Wire): LiveEvent {
  nSeen += 1
  const detail = wire.detail as Record<string, unknown>
  const code = detail.code ?? detail.reason
  return {
    // The stream names no ids: each arrival is a row of its own.
    event_id: String(nSeen),
    received_at: wire.received_at,
    source: wire.source,
    kind: wire.kind,
    name: wire.event ?? null,
    who: wire.profile_id ?? null,
    status: wire.outcome === 'accepted' || wire.outcome === 'violation' ? 'accepted' : 'rejected',
    outcome: wire.outcome,
    reason_code: typeof code === 'string' ? code : null,
    properties: detail,
  }
}

/** Listens until told to stop; of one source, or of all. */
export function follow(source: string | undefined, { onEvents, onLost, onMissed, onOver }: Listener): () => void {
  const query = source ? `?${new URLSearchParams({ source })}` : ''
  const stream = new EventSource(`/api/v1/live${query}`)
  stream.onopen = () => onLost(false)
  stream.onerror = () => onLost(true)
  stream.onmessage = ({ data }: MessageEvent<string>) => onEvents([shownOf(JSON.parse(data) as Wire)])
  stream.addEventListener('missed', ({ data }: MessageEvent<string>) => onMissed(Number(data)))
  stream.addEventListener('over_budget', () => {
    // A browser would connect again and again.
    stream.close()
    onOver()
  })
  return () => stream.close()
}
