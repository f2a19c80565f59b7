// 提醒: what is not as it should be, who has seen to it, and who is told of it.
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { getRouteApi, useRouter } from '@tanstack/react-router'
import { Button, Segmented } from 'antd'
import { lazy, Suspense } from 'react'
import { useTranslation } from 'react-i18next'
import { acknowledgeAlerts, alertHooksQuery, alertsQuery, putAlertHooks, testAlertHooks, type Alert } from '../../api/alerts'
import { May } from '../../app/session'
import { useSettings } from '../../app/settings'
import { useFormat } from '../../app/workspace'
import { Card } from '../../ui/Card'
import { DataTable, type Column } from '../../ui/DataTable'
import { Page } from '../../ui/Page'
import { ErrorNotice, Notice, Skeleton } from '../../ui/states'
import { known } from '../../words'
import { HooksCard } from '../watch/HooksCard'
import './alerts.css'

const MailCard = lazy(() => import('./MailCard').then((part) => ({ default: part.MailCard })))

const route = getRouteApi('/alerts')

export default function AlertsPage() {
  const { t } = useTranslation()
  const { lang } = useSettings()
  const format = useFormat()
  const router = useRouter()
  const cache = useQueryClient()
  const { all } = route.useSearch()
  const navigate = route.useNavigate()
  const isAll = all ?? false
  const query = useQuery(alertsQuery(isAll))
  const seen = useMutation({ mutationFn: acknowledgeAlerts, onSuccess: () => cache.invalidateQueries({ queryKey: ['alerts'] }) })
  const textOf = (one: Alert) => (lang === 'zh' ? one.text_zh : one.text)
  const columns: Column<Alert>[] = [
    { key: 'severity', title: t('alerts.severity'), cell: (one) => <span className={`zk-alert-severity zk-alert-${one.severity}`}>{known(t, 'alerts.severity', one.severity)}</span> },
    {
      key: 'text',
      title: t('alerts.text'),
      isHead: true,
      cell: (one) => (
        <>
          {textOf(one)}{' '}
          <a
            className="zk-alert-link"
            href={one.link}
            onClick={(event) => {
              if (event.metaKey || event.ctrlKey || event.shiftKey) return
              event.preventDefault()
              router.history.push(one.link)
            }}
          >
            {t('alerts.see')}
          </a>
        </>
      ),
    },
    { key: 'kind', title: t('alerts.kind'), cell: (one) => known(t, 'alerts.kind', one.kind) },
    { key: 'raised', title: t('alerts.raised'), cell: (one) => format.instant(one.raised_at) },
    {
      key: 'state',
      title: t('alerts.state'),
      cell: (one) =>
        one.acknowledged_by && one.acknowledged_at ? (
          t('alerts.by', { who: one.acknowledged_by, at: format.instant(one.acknowledged_at) })
        ) : (
          <Button size="small" aria-label={t('alerts.acknowledge_of', { text: textOf(one) })} disabled={seen.isPending} onClick={() => seen.mutate([one.alert_id])}>
            {t('alerts.acknowledge')}
          </Button>
        ),
    },
  ]
  const { data } = query
  return (
    <Page title={t('alerts.title')} question={t('alerts.question')}>
      <Card
        title={t('alerts.list')}
        hint={data && data.n_open > 0 ? t('alerts.hint', { n: format.count(data.n_open) }) : undefined}
        extra={
          <>
            <Segmented
              aria-label={t('alerts.which')}
              value={isAll ? 'all' : 'open'}
              options={[
                { value: 'open', label: t('alerts.open') },
                { value: 'all', label: t('alerts.all') },
              ]}
              onChange={(value) => void navigate({ search: value === 'all' ? { all: true } : {}, resetScroll: false })}
            />
            {data && data.n_open > 0 && (
              <Button loading={seen.isPending} onClick={() => seen.mutate(undefined)}>
                {t('alerts.acknowledge_all')}
              </Button>
            )}
          </>
        }
      >
        {query.isPending && <Skeleton rows={5} height={28} />}
        {query.isError && <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />}
        {seen.error && <ErrorNotice error={seen.error} />}
        {data?.items.length === 0 && <Notice title={isAll ? t('alerts.none_all') : t('alerts.none')} help={t('alerts.none_help')} />}
        {data && data.items.length > 0 && <DataTable caption={t('alerts.list')} columns={columns} rows={data.items} rowKey={(one) => one.alert_id} />}
      </Card>
      <May to="workspace.manage">
        <HooksCard title={t('alerts.hooks')} hint={t('alerts.hooks_hint')} query={alertHooksQuery} put={putAlertHooks} test={testAlertHooks} />
        <Suspense fallback={<Skeleton rows={5} height={32} />}>
          <MailCard />
        </Suspense>
      </May>
    </Page>
  )
}
