// 总览: how are business and customers doing?
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { Segmented } from 'antd'
import { lazy, Suspense, useCallback, useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { overviewQuery } from '../../api/queries'
import type { Overview } from '../../api/types'
import { ContextBar } from '../../app/ContextBar'
import { NoData } from '../../app/NoData'
import { METRICS, type Metric, type OverviewSearch, type View } from '../../app/search'
import { useSettings } from '../../app/settings'
import { TIER_COLOUR } from '../../app/theme'
import { useFormat, useWorkspace } from '../../app/workspace'
import { ChartOrTable, ViewSwitch, type LegendItem, type Palette } from '../../charts/Chart'
import { describeLine } from '../../charts/describe'
import { Sparkline } from '../../charts/Sparkline'
import { daysOf, type Compare } from '../../range'
import { Card } from '../../ui/Card'
import { DataTable } from '../../ui/DataTable'
import { Page } from '../../ui/Page'
import { SmallGroups } from '../../ui/SmallGroups'
import { ErrorNotice, Notice, Skeleton } from '../../ui/states'
import { SEGMENTS, TIERS, word } from '../../words'
import { changeOf, writeKpi } from './change'
import { RangeBar } from './RangeBar'
import { trendOption, valuesOf } from './trend'

const UnusualCard = lazy(() => import('../kpis/Unusual'))
const Movement = lazy(() => import('./Movement'))
const route = getRouteApi('/')
const ARROW = { up: '▲', down: '▼', same: '', unknown: '' }

export default function OverviewPage() {
  const { t } = useTranslation()
  const { lang } = useSettings()
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const workspace = useWorkspace()
  const lastDay = workspace.data?.as_of ?? workspace.data?.data_to ?? undefined
  const days = lastDay ? daysOf(search, lastDay) : undefined
  const query = useQuery({ ...overviewQuery(days?.from ?? '', days?.to ?? '', search.compare), enabled: days !== undefined })
  const set = useCallback((next: Partial<OverviewSearch>) => void navigate({ search: (old) => ({ ...old, ...next }) }), [navigate])
  const { data } = query
  const isStale = query.isPlaceholderData

  if (workspace.isError) return <Frame><ErrorCard error={workspace.error} onRetry={() => void workspace.refetch()} /></Frame>
  if (workspace.data && workspace.data.data_to == null) return <Frame><Card><NoData /></Card></Frame>
  if (workspace.data && !lastDay) return <Frame><NotComputed /></Frame>

  return (
    <Frame
      bar={
        lastDay && (
          <RangeBar
            search={search}
            asOf={lastDay}
            onChange={({ from, to, ...next }) => set({ from, to, ...next })}
            compared={data?.compare_from && data.compare_to ? { from: data.compare_from, to: data.compare_to } : undefined}
          />
        )
      }
    >
      {query.isError && <ErrorCard error={query.error} onRetry={() => void query.refetch()} />}
      {!data && !query.isError && <Loading />}
      {data && !query.isError && (
        <>
          <Kpis data={data} compare={search.compare} isStale={isStale} />
          <p className={`zk-sentence ${isStale ? 'zk-stale' : ''}`}>
            <strong>{t('overview.means')}</strong>
            <span>{lang === 'zh' ? data.sentence_zh : data.sentence_en}</span>
          </p>
          <Suspense fallback={<Card><Skeleton rows={3} height={26} /></Card>}>
            <UnusualCard />
          </Suspense>
          <Trend data={data} metric={search.metric} view={search.view} compare={search.compare} set={set} isStale={isStale} />
          <div className="zk-columns-2">
            <Tiers data={data} isStale={isStale} />
            <Segments data={data} isStale={isStale} />
          </div>
          <Suspense fallback={<Card><Skeleton rows={6} height={26} /></Card>}>
            <Movement />
          </Suspense>
        </>
      )}
    </Frame>
  )
}

function Frame({ bar, children }: { bar?: React.ReactNode; children: React.ReactNode }) {
  const { t } = useTranslation()
  return (
    <Page title={t('nav.overview')} question={t('overview.question')}>
      <ContextBar>{bar}</ContextBar>
      {children}
    </Page>
  )
}

function ErrorCard({ error, onRetry }: { error: unknown; onRetry: () => void }) {
  return (
    <Card>
      <ErrorNotice error={error} onRetry={onRetry} />
    </Card>
  )
}

function NotComputed() {
  const { t } = useTranslation()
  return (
    <Card>
      <Notice title={t('state.not_computed')} help={t('state.not_computed_help')} />
    </Card>
  )
}

function Loading() {
  return (
    <>
      <div className="zk-kpis">
        {Array.from({ length: 6 }, (_, index) => (
          <Card key={index}>
            <Skeleton rows={3} height={22} />
          </Card>
        ))}
      </div>
      <Card>
        <Skeleton rows={1} height={290} />
      </Card>
    </>
  )
}

function Kpis({ data: { kpis, currency, from, to }, compare, isStale }: { data: Overview; compare: Compare; isStale: boolean }) {
  const { t } = useTranslation()
  const format = useFormat(currency)
  return (
    <section aria-label={t('kpi.title')} aria-busy={isStale}>
      <ul className={`zk-kpis ${isStale ? 'zk-stale' : ''}`}>
        {kpis.map((kpi) => {
          const written = writeKpi(format, kpi.unit, kpi.value)
          const { short, exact } = kpi.is_suppressed && kpi.unit === 'count' ? { short: format.people(null), exact: t('small_groups.note') } : written
          const change = changeOf(t, format, kpi, compare)
          const before = kpi.previous == null ? undefined : writeKpi(format, kpi.unit, kpi.previous).exact
          const earlier = compare === 'year' ? t('overview.year_period') : t('overview.prev_period')
          return (
            <li key={kpi.key} className="zk-card zk-kpi">
              <Link
                to="/customers"
                search={{ behind: kpi.key, from, to }}
                className="zk-kpi-label"
                title={[exact, before && `${earlier} ${before}`, t('kpi.see_people')].filter(Boolean).join(' · ')}
              >
                {t(`kpi.${kpi.key}`)}
              </Link>
              <strong className="zk-kpi-value">{short}</strong>
              <span className={`zk-change zk-${change.meaning}`}>
                {ARROW[change.direction] && <span aria-hidden="true">{ARROW[change.direction]}</span>}
                {change.text}
              </span>
              <Sparkline values={kpi.series} />
            </li>
          )
        })}
      </ul>
    </section>
  )
}

type TrendProps = { data: Overview; metric: Metric; view: View; compare: Compare; set: (next: Partial<OverviewSearch>) => void; isStale: boolean }

function Trend({ data, metric, view, compare, set, isStale }: TrendProps) {
  const { t } = useTranslation()
  const format = useFormat(data.currency)
  const { trend } = data
  const other = compare === 'year' ? t('overview.year_period') : t('overview.prev_period')
  const isMoney = metric === 'net_sales'
  const hasOther = isMoney && trend.some((point) => point.previous_net_sales != null)
  const isPartial = trend.some((point) => point.is_partial)

  const drawn = useMemo(() => {
    const labels = trend.map((point) => format.dayAxis(point.on))
    const write = isMoney ? format.money : format.count
    const tip = (index: number) => {
      const point = trend[index]
      if (!point) return ''
      const lines = [`${format.day(point.on)}${point.is_partial ? `（${t('overview.note')}）` : ''}`, `${t('overview.this_period')}  ${write(point[metric])}`]
      if (hasOther) lines.push(`${other}  ${format.money(point.previous_net_sales)}`)
      return lines.join('\n')
    }
    const axis = { name: isMoney ? t('overview.net_sales', { unit: format.moneyUnit }) : t(`kpi.${metric}`), write: format.countShort }
    return { tip, write, labels, option: (palette: Palette) => trendOption(palette, trend, metric, axis, labels, tip) }
  }, [trend, metric, isMoney, hasOther, other, format, t])

  const sum = (values: (string | null | undefined)[]) => values.reduce((total, value) => total + Number(value ?? 0), 0)
  const description = describeLine(t, {
    name: t(`kpi.${metric}`),
    labels: drawn.labels,
    values: valuesOf(trend, metric),
    write: drawn.write,
    totals: hasOther
      ? { current: format.money(sum(trend.map((point) => point.net_sales))), previous: format.money(sum(trend.map((point) => point.previous_net_sales))) }
      : undefined,
    isLastPartial: trend.at(-1)?.is_partial ?? false,
  })
  const legend: LegendItem[] = [
    { name: t('overview.this_period'), colour: 'series-1' },
    ...(isPartial ? [{ name: t('overview.unfinished'), colour: 'series-1', isDashed: true } as const] : []),
    ...(hasOther ? [{ name: other, colour: 'series-6' } as const] : []),
  ]
  return (
    <Card
      title={t('overview.trend')}
      isStale={isStale}
      extra={
        <>
          <Segmented
            aria-label={t('overview.metric')}
            size="small"
            value={metric}
            onChange={(next) => set({ metric: next })}
            options={METRICS.map((value) => ({ value, label: t(`kpi.${value}`) }))}
          />
          <ViewSwitch view={view} onChange={(next) => set({ view: next })} />
        </>
      }
    >
      <ChartOrTable
        view={view}
        title={t('overview.trend')}
        description={description}
        option={drawn.option}
        n={trend.length}
        read={(index) => drawn.tip(index).replaceAll('\n', '，')}
        legend={legend}
        height={280}
        numbers={() => ({
          head: [t('overview.day'), t('overview.net_sales', { unit: format.moneyUnit }), t('overview.previous_net_sales', { unit: format.moneyUnit }), t('kpi.orders'), t('kpi.active_customers')],
          rows: trend.map((point) => [point.on, point.net_sales, point.previous_net_sales, point.orders, point.active_customers]),
        })}
        table={
          <DataTable
            caption={t('overview.trend')}
            rows={trend}
            rowKey={(point) => point.on}
            keepsColumns
            maxHeight={330}
            columns={[
              { key: 'on', title: t('overview.day'), isHead: true, cell: (point) => <>{format.day(point.on)}{point.is_partial && <small> {t('overview.note')}</small>}</> },
              { key: 'net', title: t('overview.net_sales', { unit: format.moneyUnit }), align: 'right', cell: (point) => format.amount(point.net_sales) },
              { key: 'previous', title: t('overview.previous_net_sales', { unit: format.moneyUnit }), align: 'right', cell: (point) => format.amount(point.previous_net_sales) },
              { key: 'orders', title: t('kpi.orders'), align: 'right', cell: (point) => format.count(point.orders) },
              { key: 'active', title: t('kpi.active_customers'), align: 'right', cell: (point) => format.people(point.active_customers) },
            ]}
          />
        }
      />
    </Card>
  )
}

function Tiers({ data, isStale }: { data: Overview; isStale: boolean }) {
  const { t } = useTranslation()
  const format = useFormat(data.currency)
  const rows = TIERS.flatMap((tier) => data.tiers.find((each) => each.tier === tier) ?? [])
  return (
    <Card title={t('overview.tiers')} hint={t('overview.tiers_hint')} isStale={isStale}>
      {rows.length === 0 ? (
        <Notice title={t('state.not_computed')} help={t('state.not_computed_help')} />
      ) : (
        <><SmallGroups isSuppressed={rows.some((row) => row.is_suppressed)} />
        <ul className="zk-tiers">
          {rows.map((row) => {
            const name = t(`tier.${row.tier}`)
            return (
              <li key={row.tier}>
                <div className="zk-tier-head">
                  <Link to="/customers" search={{ tier: row.tier }} title={t('overview.see_people', { name })}>
                    {name}
                  </Link>
                  <span>{format.people(row.n_customers)}</span>
                </div>
                <Bar label={t('overview.people_ratio')} ratio={row.customer_ratio} colour={TIER_COLOUR[row.tier]} text={format.ratioColumn(row.customer_ratio)} />
                <Bar label={t('overview.money_ratio')} ratio={row.monetary_ratio} colour={TIER_COLOUR[row.tier]} text={format.ratioColumn(row.monetary_ratio)} isSecond />
              </li>
            )
          })}
        </ul></>
      )}
    </Card>
  )
}

function Bar({ label, ratio, colour, text, isSecond = false }: { label: string; ratio: number | null; colour: string; text: string; isSecond?: boolean }) {
  return (
    <div className="zk-bar-row">
      <span className="zk-bar-label">{label}</span>
      <span className="zk-bar-track" aria-hidden="true">
        <span className={`zk-bar ${isSecond ? 'zk-bar-second' : ''}`} style={{ width: `${Math.max(0, Math.min(1, ratio ?? 0)) * 100}%`, background: `var(--zk-${colour})` }} />
      </span>
      <span className="zk-bar-value">{text}</span>
    </div>
  )
}

function Segments({ data, isStale }: { data: Overview; isStale: boolean }) {
  const { t } = useTranslation()
  const format = useFormat(data.currency)
  const rows = SEGMENTS.flatMap((segment) => data.rfm_segments.find((each) => each.rfm_segment === segment) ?? [])
  return (
    <Card title={t('overview.rfm')} isStale={isStale}>
      {rows.length === 0 ? (
        <Notice title={t('state.not_computed')} help={t('state.not_computed_help')} />
      ) : (
        <DataTable
          caption={t('overview.rfm')}
          rows={rows}
          rowKey={(row) => row.rfm_segment}
          keepsColumns
          columns={[
            {
              key: 'segment',
              title: t('overview.segment'),
              isHead: true,
              cell: (row) => (
                <Link to="/customers" search={{ rfm_segment: row.rfm_segment }} title={t('overview.see_people', { name: word(t, 'segment', row.rfm_segment) })}>
                  {word(t, 'segment', row.rfm_segment)}
                </Link>
              ),
            },
            { key: 'people', title: t('overview.people'), align: 'right', cell: (row) => format.people(row.n_customers) },
            { key: 'people_ratio', title: t('overview.people_ratio'), align: 'right', cell: (row) => format.ratioColumn(row.customer_ratio) },
            { key: 'money', title: t('overview.money', { unit: format.moneyUnit }), align: 'right', cell: (row) => format.amountWhole(row.monetary) },
            { key: 'money_ratio', title: t('overview.money_ratio'), align: 'right', cell: (row) => format.ratioColumn(row.monetary_ratio) },
            { key: 'away', title: t('overview.away'), align: 'right', cell: (row) => format.count(row.avg_recency_days) },
          ]}
        />
      )}
    </Card>
  )
}

