// 实时: is what we send arriving, and as we meant it? The stream can be paused; what arrives meanwhile is not lost.
import { Button } from 'antd'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useFormat } from '../../app/workspace'
import { Parts } from '../../ui/Parts'
import { Notice } from '../../ui/states'
import { word } from '../../words'
import { useTail, type LiveEvent, type Subscribe } from './tail'

export function LiveEvents({ subscribe }: { subscribe: Subscribe }) {
  const { t } = useTranslation()
  const format = useFormat()
  const { events, nHeld, isPaused, setPaused } = useTail(subscribe)
  const [isRejectedOnly, setRejectedOnly] = useState(false)
  const shown = isRejectedOnly ? events.filter((event) => event.status === 'rejected') : events
  return (
    <div>
      <div className="zk-mapping-head">
        <label className="zk-check">
          <input type="checkbox" checked={isRejectedOnly} onChange={(event) => setRejectedOnly(event.target.checked)} />
          {t('live.rejected_only')}
        </label>
        <span role="status">{isPaused && t('live.held', { count: nHeld, n: format.count(nHeld) })}</span>
        <Button onClick={() => setPaused(!isPaused)}>{isPaused ? t('live.resume') : t('live.pause')}</Button>
      </div>
      {shown.length === 0 ? (
        <Notice title={t('live.none')} help={t('live.none_help')} />
      ) : (
        <ol className="zk-live" aria-label={t('live.title')}>
          {shown.map((event) => (
            <Row key={event.event_id} event={event} />
          ))}
        </ol>
      )}
    </div>
  )
}

function Row({ event }: { event: LiveEvent }) {
  const { t } = useTranslation()
  const format = useFormat()
  return (
    <li>
      <details>
        <summary>
          <span className="zk-figures">{format.time(event.received_at)}</span>
          <strong>{event.name ?? event.kind}</strong>
          <Parts className="zk-muted" parts={[event.kind, event.source, event.who]} />
          {event.outcome === 'violation' && <span className="zk-status">{t('live.violation')}</span>}
          {event.status === 'rejected' && <span className="zk-status zk-status-failed">{event.reason_code ? word(t, 'reason', event.reason_code) : t('live.rejected')}</span>}
        </summary>
        <pre tabIndex={0} role="group" aria-label={t('live.properties')}>
          <code>{JSON.stringify(event.properties, null, 2)}</code>
        </pre>
      </details>
    </li>
  )
}
