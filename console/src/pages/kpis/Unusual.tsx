// 今天要看的: days on which a figure was not as usual, and where that comes from.
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { unusualSourcesQuery } from '../../api/alerts'
import { unusualQuery } from '../../api/kpis'
import { useSettings } from '../../app/settings'
import { Card } from '../../ui/Card'
import { ErrorNotice, Skeleton } from '../../ui/states'
import { UnusualDays } from '../quality/UnusualSources'
import { nameOf } from './words'

/** Findings that are shown. */
const N_SHOWN = 6

export default function UnusualCard() {
  const { t } = useTranslation()
  const { lang } = useSettings()
  const query = useQuery(unusualQuery)
  // What sources brought is told to whoever sees all customers, and missed by nobody else.
  const sources = useQuery(unusualSourcesQuery).data?.items ?? []
  const { data } = query
  if (query.isError) {
    return (
      <Card title={t('kpis.unusual')}>
        <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />
      </Card>
    )
  }
  if (!data) {
    return (
      <Card title={t('kpis.unusual')}>
        <Skeleton rows={3} height={26} />
      </Card>
    )
  }
  return (
    <Card title={t('kpis.unusual')} hint={t('kpis.unusual_hint', { n: data.n_judged })}>
      {data.items.length === 0 && <p className="zk-muted">{data.n_judged === 0 ? t('kpis.unusual_unknown') : t('kpis.unusual_none')}</p>}
      <ul className="zk-unusual" aria-label={t('kpis.unusual')}>
        {data.items.slice(0, N_SHOWN).map((item) => (
          <li key={`${item.kpi.key} ${item.day}`}>
            <span className={`zk-change ${item.is_good == null ? '' : item.is_good ? 'zk-better' : 'zk-worse'}`} aria-hidden="true">
              {item.is_high ? '▲' : '▼'}
            </span>
            <span>
              {lang === 'zh' ? item.meaning_zh : item.meaning}{' '}
              <Link to="/insight/kpis/$key" params={{ key: item.kpi.key }} search={{ by: 'day', to: item.day, from: daysBefore(item.day, 29), period: item.day, ...(item.dimension ? { dimension: item.dimension } : {}) }}>
                {t('kpis.unusual_see', { name: nameOf(item.kpi, lang) })}
              </Link>
            </span>
          </li>
        ))}
      </ul>
      {sources.length > 0 && <UnusualDays items={sources.slice(0, N_SHOWN)} label={t('alerts.sources')} />}
    </Card>
  )
}

function daysBefore(day: string, n: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) - n * 86_400_000).toISOString().slice(0, 10)
}
