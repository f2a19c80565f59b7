// 实时: what arrives, as it arrives.
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useCallback, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { sourcesQuery } from '../../api/queries'
import { useFormat } from '../../app/workspace'
import { Card } from '../../ui/Card'
import { Page } from '../../ui/Page'
import { LiveEvents } from './LiveEvents'
import { follow } from './stream'
import type { Subscribe } from './tail'

const route = getRouteApi('/data/live')

export default function LivePage() {
  const { t } = useTranslation()
  const format = useFormat()
  const { source } = route.useSearch()
  const navigate = route.useNavigate()
  const sources = useQuery(sourcesQuery)
  const [isLost, setLost] = useState(false)
  const [nMissed, setMissed] = useState(0)
  const [isOver, setOver] = useState(false)
  const subscribe: Subscribe = useCallback(
    (onEvents) => follow(source, { onEvents, onLost: setLost, onMissed: (n) => setMissed((old) => old + n), onOver: () => setOver(true) }),
    [source],
  )
  const names = sources.data?.items.map((each) => each.name) ?? []
  return (
    <Page title={t('live.title')} question={t('live.question')}>
      <Card>
        <label className="zk-check">
          {t('live.source')}{' '}
          <select value={source ?? ''} onChange={(event) => void navigate({ search: event.target.value ? { source: event.target.value } : {} })}>
            <option value="">{t('live.all')}</option>
            {[...new Set([...names, ...(source ? [source] : [])])].map((name) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <p role="status" className="zk-muted">
          {isOver ? t('live.over') : isLost ? t('live.lost') : nMissed > 0 ? t('live.missed', { count: nMissed, n: format.count(nMissed) }) : ''}
        </p>
        <LiveEvents key={source ?? ''} subscribe={subscribe} />
      </Card>
    </Page>
  )
}
