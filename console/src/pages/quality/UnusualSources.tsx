// Days of the last two weeks on which a source brought other than usual: nothing, more or fewer rows, more of them set aside.
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { unusualSourcesQuery, type UnusualSource } from '../../api/alerts'
import { useSettings } from '../../app/settings'
import { Card } from '../../ui/Card'
import { ErrorNotice, Skeleton } from '../../ui/states'

export function UnusualSources() {
  const { t } = useTranslation()
  const query = useQuery(unusualSourcesQuery)
  const { data } = query
  return (
    <Card title={t('alerts.sources')} hint={data ? t('alerts.sources_hint', { n: data.n_judged }) : undefined}>
      {query.isPending && <Skeleton rows={2} height={26} />}
      {query.isError && <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />}
      {data?.items.length === 0 && <p className="zk-muted">{data.n_judged === 0 ? t('alerts.sources_unknown') : t('alerts.sources_none')}</p>}
      {data && data.items.length > 0 && <UnusualDays items={data.items} label={t('alerts.sources')} />}
    </Card>
  )
}

export function UnusualDays({ items, label }: { items: readonly UnusualSource[]; label: string }) {
  const { lang } = useSettings()
  return (
    <ul className="zk-unusual" aria-label={label}>
      {items.map((item) => (
        <li key={`${item.source} ${item.entity ?? ''} ${item.what} ${item.day}`}>
          <span className="zk-change zk-worse" aria-hidden="true">
            {item.what === 'more' || item.what === 'set_aside' ? '▲' : '▼'}
          </span>
          <span>{lang === 'zh' ? item.meaning_zh : item.meaning}</span>
        </li>
      ))}
    </ul>
  )
}
