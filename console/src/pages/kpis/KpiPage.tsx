// One figure: what it counts, how it goes, what it is made of, what it shall be, and who stands behind it.
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { Button, Segmented, Select } from 'antd'
import { lazy, Suspense, useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { kpiQuery } from '../../api/kpis'
import type { KpiPart, KpiPoint, KpiSeries } from '../../api/types'
import { ContextBar } from '../../app/ContextBar'
import { NoData, useHasNothing } from '../../app/NoData'
import { COMPARED, PERIOD_KINDS, type KpiSearch } from '../../app/search'
import { useSettings } from '../../app/settings'
import { useFormat, useWorkspace } from '../../app/workspace'
import { ChartOrTable, ViewSwitch, type LegendItem, type Palette } from '../../charts/Chart'
import { describeLine } from '../../charts/describe'
import { Card } from '../../ui/Card'
import { DataTable, type Column } from '../../ui/DataTable'
import { Page } from '../../ui/Page'
import { SmallGroups } from '../../ui/SmallGroups'
import { ErrorNotice, Skeleton } from '../../ui/states'
import { ChangeWords } from './Change'
import { kpiOption, PART_COLOURS } from './option'
import { definitionOf, dimensionName, holidaysOf, nameOf, partName, write, writeShort } from './words'

const DayRange = lazy(() => import('../overview/DayRange'))
const BehindCard = lazy(() => import('./Behind').then((part) => ({ default: part.BehindCard })))
const OutlookCard = lazy(() => import('./Outlook').then((part) => ({ default: part.OutlookCard })))
const Goals = lazy(() => import('./Goals').then((part) => ({ default: part.Goals })))

const route = getRouteApi('/insight/kpis/$key')
/** What a change of the periods makes meaningless. */
const NOBODY = { period: undefined, value: undefined, part: undefined, whole: undefined, person: undefined }

export default function KpiPage() {
  const { t } = useTranslation()
  const { lang } = useSettings()
  const { key } = route.useParams()
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const format = useFormat()
  const { data: workspace } = useWorkspace()
  const hasNothing = useHasNothing()
  const { by, from, to, dimension, compare } = search
  const query = useQuery(kpiQuery(key, { by, from, to, dimension }))
  // Numbers of another figure are no stand-in.
  const data = query.data?.kpi.key === key ? query.data : undefined
  const first = data?.points[0]
  const last = data?.points.at(-1)
  const set = (next: Partial<KpiSearch>) => void navigate({ search: (old) => ({ ...old, ...next }), resetScroll: false })
  return (
    <Page
      title={data ? nameOf(data.kpi, lang) : t('kpis.title')}
      question={data && definitionOf(data.kpi, lang)}
      above={
        <Link to="/insight/kpis" search={{ by }} className="zk-back">
          {t('kpis.all')}
        </Link>
      }
    >
      <ContextBar>
        <Segmented
          aria-label={t('kpis.by')}
          value={by}
          onChange={(next) => set({ by: next, from: undefined, to: undefined, ...NOBODY })}
          options={PERIOD_KINDS.map((value) => ({ value, label: t(`kpis.by_${value}`) }))}
        />
        <Segmented
          aria-label={t('kpis.compare')}
          value={compare}
          disabled={dimension !== undefined}
          onChange={(next) => set({ compare: next })}
          options={COMPARED.map((value) => ({ value, label: t(value === 'previous' ? 'kpis.compare_prev' : value === 'year' ? 'kpis.compare_year' : 'kpis.compare_none') }))}
        />
        {data && (
          <Select
            aria-label={t('kpis.dimension')}
            className="zk-kpi-dimension"
            listHeight={440}
            value={dimension ?? ''}
            onChange={(next) => set({ dimension: next || undefined, ...NOBODY })}
            options={[{ value: '', label: t('kpis.no_dimension') }, ...data.kpi.dimensions.map((value) => ({ value, label: dimensionName(t, value) }))]}
          />
        )}
        {first && last && (
          <Suspense fallback={<span className="zk-days">{format.dayRange(first.from, last.to)}</span>}>
            <DayRange days={{ from: first.from, to: last.to }} max={workspace?.data_to ?? last.to} onChange={(days) => set({ ...days, ...NOBODY })} />
            {from && to && (
              <Button type="text" onClick={() => set({ from: undefined, to: undefined, ...NOBODY })}>
                {t('kpis.newest')}
              </Button>
            )}
          </Suspense>
        )}
      </ContextBar>
      {query.isError && (
        <Card>
          <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />
        </Card>
      )}
      {!data && !query.isError && (
        <Card>
          <Skeleton rows={1} height={320} />
        </Card>
      )}
      {data && !query.isError && hasNothing && (
        <Card>
          <NoData />
        </Card>
      )}
      {data && !query.isError && !hasNothing && (
        <>
          <Numbers series={data} search={search} set={set} isStale={query.isPlaceholderData} />
          <Suspense fallback={<Skeleton rows={6} height={26} />}>
            <BehindCard series={data} />
            <OutlookCard series={data} view={search.view} onView={(view) => set({ view })} />
            <Goals series={data} />
          </Suspense>
        </>
      )}
    </Page>
  )
}

type NumbersProps = { series: KpiSeries; search: KpiSearch; set: (next: Partial<KpiSearch>) => void; isStale: boolean }

function Numbers({ series, search: { compare, view }, set, isStale }: NumbersProps) {
  const { t } = useTranslation()
  const { lang } = useSettings()
  const format = useFormat(series.currency)
  const { kpi, points, parts, dimension } = series
  const newest = points.at(-1)
  const hasGoal = points.some((point) => point.goal)
  const earlier = compare === 'year' ? t('kpis.compare_year') : t('kpis.compare_prev')

  const drawn = useMemo(() => {
    const tip = (index: number) => {
      const point = points[index]
      if (!point) return ''
      const lines = [`${point.period}${point.is_unfinished ? `（${t('kpis.unfinished')}）` : ''}`, `${nameOf(kpi, lang)}  ${write(format, kpi, point.value)}`]
      for (const part of parts) lines.push(`${partName(t, dimension, part)}  ${write(format, kpi, part.numbers[index])}`)
      if (parts.length === 0 && compare !== 'none') lines.push(`${earlier}  ${write(format, kpi, compare === 'year' ? point.year_before : point.previous)}`)
      if (point.goal) lines.push(`${t('kpis.goal')}  ${write(format, kpi, point.goal.value)}`)
      if (point.holidays.length > 0) lines.push(holidaysOf(point, lang))
      return lines.join('\n')
    }
    const axis = { name: `${nameOf(kpi, lang)}${kpi.unit === 'money' ? `（${format.moneyUnit}）` : ''}`, write: (value: number) => (kpi.unit === 'share' ? format.ratio(value) : format.countShort(value)) }
    return { tip, option: (palette: Palette) => kpiOption(palette, series, compare, axis, tip) }
  }, [series, kpi, points, parts, dimension, compare, earlier, format, lang, t])

  const isUnfinished = points.some((point) => point.is_unfinished)
  const hasMarks = (series.by === 'day' || series.by === 'week') && points.some((point) => point.holidays.length > 0)
  const legend: LegendItem[] =
    parts.length > 0
      ? parts.map((part, at) => ({ name: partName(t, dimension, part), colour: PART_COLOURS[at] ?? 'series-6' }))
      : [
          { name: nameOf(kpi, lang), colour: 'series-1' },
          ...(isUnfinished ? [{ name: t('kpis.unfinished'), colour: 'series-1', isDashed: true } as const] : []),
          ...(compare === 'none' ? [] : [{ name: earlier, colour: 'series-6' } as const]),
          ...(hasGoal ? [{ name: t('kpis.goal'), colour: 'series-2', isDashed: true } as const] : []),
          ...(hasMarks ? [{ name: t('kpis.holidays'), colour: 'series-4', kind: 'bar' } as const] : []),
        ]
  const open = (point: KpiPoint, part?: KpiPart) =>
    set({ ...NOBODY, period: point.period, value: part?.value ?? undefined, part: part?.is_other ? 'other' : part && part.value == null ? 'missing' : undefined })
  const columns: Column<KpiPoint>[] = [
    {
      key: 'period',
      title: t('kpis.period'),
      isHead: true,
      cell: (point) => (
        <>
          <button type="button" className="zk-link-button" aria-label={t('kpis.behind_of', { period: point.period })} onClick={() => open(point)}>
            {point.period}
          </button>
          {point.is_unfinished && <small title={t('kpis.unfinished_help')}> {t('kpis.unfinished')}</small>}
        </>
      ),
    },
    { key: 'value', title: t('kpis.value'), align: 'right', cell: (point) => write(format, kpi, point.value) },
    ...parts.map(
      (part, at): Column<KpiPoint> => ({
        key: `part-${at}`,
        title: partName(t, dimension, part),
        align: 'right',
        cell: (point) => {
          const number = part.numbers[points.indexOf(point)]
          return (
            <button type="button" className="zk-link-button" aria-label={t('kpis.behind_of', { period: `${point.period} ${partName(t, dimension, part)}` })} onClick={() => open(point, part)}>
              {write(format, kpi, number)}
            </button>
          )
        },
      }),
    ),
    ...(parts.length > 0
      ? []
      : ([
          { key: 'previous', title: t('kpis.previous'), align: 'right', cell: (point) => write(format, kpi, point.previous) },
          { key: 'year', title: t('kpis.year'), align: 'right', cell: (point) => write(format, kpi, point.year_before) },
          { key: 'change', title: t('kpis.change'), cell: (point) => <ChangeWords kpi={kpi} point={point} compare={compare === 'year' ? 'year' : 'previous'} currency={series.currency} /> },
          ...(hasGoal ? [{ key: 'goal', title: t('kpis.goal'), align: 'right', cell: (point: KpiPoint) => write(format, kpi, point.goal?.value) }] : []),
        ] as Column<KpiPoint>[])),
    { key: 'holidays', title: t('kpis.holidays'), cell: (point) => <small>{holidaysOf(point, lang) || '--'}</small> },
  ]
  return (
    <Card
      title={newest ? writeShort(format, kpi, newest.value) : '--'}
      hint={
        newest && (
          <>
            {newest.period}
            {newest.is_unfinished && ` ${t('kpis.unfinished')}`} <ChangeWords kpi={kpi} point={newest} compare={compare === 'year' ? 'year' : 'previous'} currency={series.currency} />
          </>
        )
      }
      isStale={isStale}
      extra={<ViewSwitch view={view} onChange={(next) => set({ view: next })} />}
    >
      <SmallGroups isSuppressed={points.some((point) => point.is_suppressed) || parts.some((part) => part.is_suppressed.includes(true))} />
      <ChartOrTable
        view={view}
        title={nameOf(kpi, lang)}
        description={describeLine(t, {
          name: nameOf(kpi, lang),
          labels: points.map((point) => point.period),
          values: points.map((point) => point.value),
          write: (value) => write(format, kpi, value),
          isLastPartial: newest?.is_unfinished ?? false,
        })}
        option={drawn.option}
        n={points.length}
        read={(index) => drawn.tip(index).replaceAll('\n', '，')}
        legend={legend}
        height={300}
        numbers={() => ({
          head: [
            t('kpis.period'),
            t('kpis.first_day'),
            t('kpis.last_day'),
            nameOf(kpi, lang),
            ...(parts.length > 0 ? parts.map((part) => partName(t, dimension, part)) : [t('kpis.previous'), t('kpis.year'), t('kpis.goal')]),
          ],
          rows: points.map((point, at) => [
            point.period,
            point.from,
            point.to,
            point.value,
            ...(parts.length > 0 ? parts.map((part) => part.numbers[at]) : [point.previous, point.year_before, point.goal?.value]),
          ]),
        })}
        onOpen={(index) => {
          const point = points[index]
          if (point) open(point)
        }}
        table={<DataTable caption={nameOf(kpi, lang)} rows={[...points].reverse()} rowKey={(point) => point.period} keepsColumns maxHeight={420} columns={columns} />}
      />
      {parts.length > 0 && !series.parts_add_up && <p className="zk-muted">{t('kpis.parts_overlap')}</p>}
    </Card>
  )
}
