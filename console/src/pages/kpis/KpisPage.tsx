// 指标: every figure with its newest number, how it compares and where it comes from.
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router'
import { Segmented } from 'antd'
import { lazy, Suspense } from 'react'
import { useTranslation } from 'react-i18next'
import { kpisQuery } from '../../api/kpis'
import type { KpiSummary } from '../../api/types'
import { ContextBar } from '../../app/ContextBar'
import { NoData, useHasNothing } from '../../app/NoData'
import { PERIOD_KINDS } from '../../app/search'
import { useSettings } from '../../app/settings'
import { useFormat } from '../../app/workspace'
import { Sparkline } from '../../charts/Sparkline'
import { Card } from '../../ui/Card'
import { DataTable } from '../../ui/DataTable'
import { Page } from '../../ui/Page'
import { ErrorNotice, Skeleton } from '../../ui/states'
import { ChangeWords } from './Change'
import { definitionOf, nameOf, write, writeShort } from './words'

const UnusualCard = lazy(() => import('./Unusual'))
const route = getRouteApi('/insight/kpis')
const GROUPS = ['sales', 'customers', 'visits'] as const

export default function KpisPage() {
  const { t } = useTranslation()
  const { by } = route.useSearch()
  const navigate = route.useNavigate()
  const query = useQuery(kpisQuery(by))
  const { data } = query
  const hasNothing = useHasNothing()
  return (
    <Page title={t('kpis.title')} question={t('kpis.question')}>
      <ContextBar>
        <Segmented
          aria-label={t('kpis.by')}
          value={by}
          onChange={(next) => void navigate({ search: { by: next } })}
          options={PERIOD_KINDS.map((value) => ({ value, label: t(`kpis.by_${value}`) }))}
        />
      </ContextBar>
      {query.isError && (
        <Card>
          <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />
        </Card>
      )}
      {query.isPending && (
        <Card>
          <Skeleton rows={10} height={26} />
        </Card>
      )}
      {data && hasNothing && (
        <Card>
          <NoData />
        </Card>
      )}
      {data && !hasNothing && (
        <Suspense fallback={<Card><Skeleton rows={3} height={26} /></Card>}>
          <UnusualCard />
        </Suspense>
      )}
      {data &&
        !hasNothing &&
        GROUPS.map((group) => (
          <Card key={group} title={t(`kpis.group_${group}`)} isStale={query.isPlaceholderData}>
            <Figures caption={t(`kpis.group_${group}`)} items={data.items.filter((item) => item.kpi.group === group)} currency={data.currency} />
          </Card>
        ))}
    </Page>
  )
}

function Figures({ caption, items, currency }: { caption: string; items: readonly KpiSummary[]; currency: string }) {
  const { t } = useTranslation()
  const { lang } = useSettings()
  const { by } = route.useSearch()
  const format = useFormat(currency)
  const navigate = useNavigate()
  return (
    <DataTable
      caption={caption}
      rows={items}
      rowKey={(item) => item.kpi.key}
      hasRowKeys
      onPeek={(item) => void navigate({ to: '/insight/kpis/$key', params: { key: item.kpi.key }, search: { by } })}
      columns={[
        {
          key: 'name',
          title: t('kpis.name'),
          isHead: true,
          width: 150,
          cell: (item) => (
            <Link to="/insight/kpis/$key" params={{ key: item.kpi.key }} search={{ by }} className="zk-person" title={definitionOf(item.kpi, lang)}>
              {nameOf(item.kpi, lang)}
            </Link>
          ),
        },
        {
          key: 'value',
          phone: 'end',
          title: t('kpis.value'),
          align: 'right',
          width: 130,
          cell: (item) => (
            <strong className="zk-figures" title={write(format, item.kpi, item.newest.value)}>
              {item.newest.is_suppressed && item.kpi.unit === 'count' ? format.people(null) : writeShort(format, item.kpi, item.newest.value)}
            </strong>
          ),
        },
        {
          key: 'period',
          phone: 'plain',
          title: t('kpis.period'),
          width: 130,
          cell: (item) => (
            <span className="zk-figures">
              {item.newest.period}
              {item.newest.is_unfinished && <small title={t('kpis.unfinished_help')}> {t('kpis.unfinished')}</small>}
            </span>
          ),
        },
        { key: 'previous', title: t('kpis.previous'), phone: 'plain', cell: (item) => (item.newest.value == null || item.newest.previous == null ? '--' : <ChangeWords kpi={item.kpi} point={item.newest} compare="previous" currency={currency} />) },
        { key: 'year', title: t('kpis.year'), phone: 'plain', cell: (item) => (item.newest.value == null || item.newest.year_before == null ? '--' : <ChangeWords kpi={item.kpi} point={item.newest} compare="year" currency={currency} />) },
        { key: 'trend', title: t('kpis.trend'), width: 140, phone: 'end', cell: (item) => item.series.filter((each) => each !== null).length > 1 && <span className="zk-segment-spark"><Sparkline values={item.series} /></span> },
      ]}
    />
  )
}
