// The customers, orders, events or sessions behind a number, a page at a time.
import { useInfiniteQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { Segmented } from 'antd'
import { useTranslation } from 'react-i18next'
import { behindQuery } from '../../api/kpis'
import type { KpiBehind, KpiSeries, ProfileItem } from '../../api/types'
import { useFormat } from '../../app/workspace'
import { Card } from '../../ui/Card'
import { DataTable, type Column } from '../../ui/DataTable'
import { ErrorNotice, Notice, Skeleton } from '../../ui/states'
import { More } from '../../ui/More'
import { useBeside } from '../../ui/beside'
import { PeopleTable, usePeopleColumns } from '../customers/people'
import { PersonDrawer } from '../customers/PersonDrawer'
import { partName } from './words'

const route = getRouteApi('/insight/kpis/$key')
type Row = KpiBehind['items'][number]

export function BehindCard({ series }: { series: KpiSeries }) {
  const { t } = useTranslation()
  const { period } = route.useSearch()
  if (!period) {
    return (
      <Card title={t('kpis.behind')}>
        <p className="zk-muted">{t('kpis.behind_pick')}</p>
      </Card>
    )
  }
  return <Behind key={period} series={series} period={period} />
}

function Behind({ series, period }: { series: KpiSeries; period: string }) {
  const { t } = useTranslation()
  const format = useFormat(series.currency)
  const { by, from, to, dimension, value, part, whole } = route.useSearch()
  const navigate = route.useNavigate()
  const query = useInfiniteQuery(behindQuery(series.kpi.key, { by, from, to, dimension, period, value, part, whole }))
  const first = query.data?.pages[0]
  const rows = query.data?.pages.flatMap((page) => page.items) ?? []
  const total = first && (first.is_sum ? t('kpis.behind_sum', { n: format.quantity(first.total) }) : t('kpis.behind_count', { n: format.people(first.total) }))
  const named = value ?? part
  const ofPart = named === undefined ? undefined : partName(t, dimension ?? null, { value: value ?? null, label: null, is_other: part === 'other' })
  return (
    <Card
      title={first ? t(`kpis.behind_${first.kind as 'people'}`) : t('kpis.behind')}
      hint={[first ? (first.from === first.to ? format.day(first.from) : format.dayRange(first.from, first.to)) : period, ofPart, total].filter(Boolean).join(' · ')}
      extra={
        series.kpi.whole_key && (
          <Segmented
            aria-label={t('kpis.which')}
            size="small"
            value={whole === true}
            onChange={(next) => void navigate({ search: (old) => ({ ...old, whole: next || undefined, person: undefined }), resetScroll: false })}
            options={[
              { value: false, label: t('kpis.part_of') },
              { value: true, label: t('kpis.whole_of') },
            ]}
          />
        )
      }
    >
      {query.isPending && <Skeleton rows={6} height={26} />}
      {query.isError && <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />}
      {query.data && rows.length === 0 && <Notice title={t('kpis.none')} />}
      {first && rows.length > 0 && (first.kind === 'people' ? <People rows={rows} /> : <Facts kind={first.kind} isSum={first.is_sum} rows={rows} />)}
      <More query={query} />
    </Card>
  )
}

function People({ rows }: { rows: readonly Row[] }) {
  const { t } = useTranslation()
  const { person } = route.useSearch()
  const navigate = route.useNavigate()
  const columns = usePeopleColumns()
  const people: ProfileItem[] = rows.flatMap((row) => row.customer ?? [])

  // Going on from person to person is no step.
  const show = (next: string | undefined, replace: boolean) => void navigate({ search: (old) => ({ ...old, person: next }), replace, resetScroll: false })
  const { opened, close } = useBeside(() => show(undefined, true))
  return (
    <>
      <PeopleTable
        caption={t('kpis.behind_people')}
        people={people}
        columns={columns.shown}
        peeked={person}
        onPeek={(next) => {
          opened()
          show(next.profile_id, false)
        }}
      />
      {person && <PersonDrawer profileId={person} people={people} onMove={(next) => show(next, true)} onClose={close} />}
    </>
  )
}

function Facts({ kind, isSum, rows }: { kind: string; isSum: boolean; rows: readonly Row[] }) {
  const { t } = useTranslation()
  const format = useFormat()
  const title = kind === 'orders' ? t('kpis.order') : kind === 'events' ? t('kpis.event') : t('kpis.session')
  const columns: Column<Row>[] = [
    { key: 'id', title, isHead: true, cell: (row) => <span className="zk-figures">{kind === 'events' ? row.name : row.id}</span> },
    { key: 'at', title: t('kpis.time'), cell: (row) => format.instant(row.at) },
    { key: 'source', title: t('kpis.source'), cell: (row) => row.source ?? '--' },
    {
      key: 'customer',
      title: t('kpis.customer'),
      cell: (row) =>
        row.profile_id ? (
          <Link to="/customers/$profileId" params={{ profileId: row.profile_id }} className="zk-person">
            {row.profile_id}
          </Link>
        ) : (
          '--'
        ),
    },
    ...(isSum ? [{ key: 'amount', title: t('kpis.amount'), align: 'right' as const, cell: (row: Row) => format.quantity(row.amount) }] : []),
  ]
  return <DataTable caption={title} rows={rows} rowKey={(row) => `${row.source ?? ''} ${row.id ?? ''}`} columns={columns} />
}
