// What a figure will be: the line so far, the periods to come with their range, and how far to trust it.
import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { forecastQuery } from '../../api/kpis'
import type { KpiForecast, KpiSeries } from '../../api/types'
import type { KpiSearch } from '../../app/search'
import { useSettings } from '../../app/settings'
import { useFormat } from '../../app/workspace'
import { ChartOrTable, Save, ViewSwitch, type Palette } from '../../charts/Chart'
import { Card } from '../../ui/Card'
import { DataTable } from '../../ui/DataTable'
import { SmallGroups } from '../../ui/SmallGroups'
import { ErrorNotice, Notice, Skeleton } from '../../ui/states'
import { outlookOption } from './outlookOption'
import { dimensionName, holidaysOf, nameOf, partName, write } from './words'

type Props = { series: KpiSeries; view: KpiSearch['view']; onView: (view: KpiSearch['view']) => void }

export function OutlookCard({ series, view, onView }: Props) {
  const { t } = useTranslation()
  const query = useQuery(forecastQuery(series.kpi.key, series.by as KpiSearch['by'], series.points.at(-1)?.to))
  const data = query.data
  if (query.isError) {
    return (
      <Card title={t('kpis.outlook')}>
        <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />
      </Card>
    )
  }
  if (!data) {
    return (
      <Card title={t('kpis.outlook')}>
        <Skeleton rows={1} height={260} />
      </Card>
    )
  }
  return <Told series={series} forecast={data} view={view} onView={onView} />
}

function Told({ series, forecast, view, onView }: Props & { forecast: KpiForecast }) {
  const { t } = useTranslation()
  const { lang } = useSettings()
  const format = useFormat(series.currency)
  const { kpi } = series
  const meaning = lang === 'zh' ? forecast.meaning_zh : forecast.meaning
  const drawn = useMemo(() => {
    // A period that is told is not over: what there is of it would look like a fall.
    const past = series.points.filter((point) => !point.is_unfinished && point.period !== forecast.points[0]?.period)
    const tip = (index: number) => {
      const before = past[index]
      if (before) return [before.period, `${nameOf(kpi, lang)}  ${write(format, kpi, before.value)}`].join('\n')
      const point = forecast.points[index - past.length]
      if (!point) return ''
      const lines = [point.period, `${t('kpis.expected')}  ${write(format, kpi, point.value)}`, `${t('kpis.range_80')}  ${write(format, kpi, point.low)} ～ ${write(format, kpi, point.high)}`]
      if (point.holidays.length > 0) lines.push(holidaysOf(point, lang))
      return lines.join('\n')
    }
    const axis = { name: `${nameOf(kpi, lang)}${kpi.unit === 'money' ? `（${format.moneyUnit}）` : ''}`, write: (value: number) => (kpi.unit === 'share' ? format.ratio(value) : format.countShort(value)) }
    return { n: past.length + forecast.points.length, tip, option: (palette: Palette) => outlookOption(palette, past, forecast.points, axis, tip) }
  }, [series, forecast, kpi, format, lang, t])
  if (forecast.points.length === 0) {
    return (
      <Card title={t('kpis.outlook')}>
        <Notice title={t('kpis.outlook_none')} help={meaning} />
      </Card>
    )
  }
  return (
    <Card title={t('kpis.outlook')} extra={<ViewSwitch view={view} onChange={onView} />}>
      <p className="zk-sentence">
        <strong>{t('overview.means')}</strong>
        <span>{meaning}</span>
      </p>
      <ChartOrTable
        view={view}
        title={t('kpis.outlook')}
        description={meaning}
        option={drawn.option}
        n={drawn.n}
        read={(index) => drawn.tip(index).replaceAll('\n', '，')}
        legend={[
          { name: nameOf(kpi, lang), colour: 'series-1' },
          { name: t('kpis.expected'), colour: 'series-1', isDashed: true },
          { name: t('kpis.range_80'), colour: 'series-6', kind: 'bar' },
        ]}
        height={260}
        numbers={() => ({
          head: [t('kpis.period'), t('kpis.first_day'), t('kpis.last_day'), t('kpis.expected'), t('kpis.low_80'), t('kpis.high_80'), t('kpis.low_95'), t('kpis.high_95')],
          rows: forecast.points.map((point) => [point.period, point.from, point.to, point.value, point.low, point.high, point.lowest, point.highest]),
        })}
        table={
          <DataTable
            caption={t('kpis.outlook')}
            rows={forecast.points}
            rowKey={(point) => point.period}
            keepsColumns
            maxHeight={360}
            columns={[
              { key: 'period', title: t('kpis.period'), isHead: true, cell: (point) => point.period },
              { key: 'value', title: t('kpis.expected'), align: 'right', cell: (point) => write(format, kpi, point.value) },
              { key: 'low', title: t('kpis.low_80'), align: 'right', cell: (point) => write(format, kpi, point.low) },
              { key: 'high', title: t('kpis.high_80'), align: 'right', cell: (point) => write(format, kpi, point.high) },
              { key: 'holidays', title: t('kpis.holidays'), cell: (point) => <small>{holidaysOf(point, lang) || '--'}</small> },
            ]}
          />
        }
      />
      {series.dimension && series.parts_add_up && <PartsAhead series={series} dimension={series.dimension} />}
    </Card>
  )
}

/** What the parts will be; in each period they add up to the whole. */
function PartsAhead({ series, dimension }: { series: KpiSeries; dimension: string }) {
  const { t } = useTranslation()
  const { lang } = useSettings()
  const format = useFormat(series.currency)
  const { kpi } = series
  const query = useQuery(forecastQuery(kpi.key, series.by as KpiSearch['by'], series.points.at(-1)?.to, dimension))
  const { data } = query
  const parts = data?.parts ?? []
  const sum = (values: readonly number[]) => values.reduce((all, value) => all + value, 0)
  const title = t('kpis.outlook_parts', { dimension: dimensionName(t, dimension) })
  return (
    <>
      <h3 className="zk-outlook-parts">{title}</h3>
      {query.isPending && <Skeleton rows={4} height={28} />}
      {query.isError && <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />}
      {data && <SmallGroups isSuppressed={data.is_suppressed} />}
      {parts.length > 0 && (
        <>
          <DataTable
            caption={title}
            rows={parts}
            rowKey={(part) => `${part.value ?? ''}-${part.is_other}`}
            maxHeight={360}
            columns={[
              { key: 'part', title: dimensionName(t, dimension), isHead: true, cell: (part) => partName(t, dimension, part) },
              { key: 'before', title: t('kpis.outlook_before', { n: data?.points.length ?? 0 }), align: 'right', cell: (part) => write(format, kpi, part.before) },
              { key: 'ahead', title: t('kpis.outlook_ahead', { n: data?.points.length ?? 0 }), align: 'right', cell: (part) => write(format, kpi, sum(part.values)) },
              { key: 'first', title: data?.points[0]?.period ?? '', align: 'right', cell: (part) => write(format, kpi, part.values[0] ?? null) },
              { key: 'how', title: t('kpis.outlook_how'), cell: (part) => t(part.is_forecast ? 'kpis.outlook_told' : 'kpis.outlook_plain') },
            ]}
          />
          <Save title={`${nameOf(kpi, lang)} ${title}`} numbers={() => ({ head: [dimensionName(t, dimension), ...(data?.points.map((point) => point.period) ?? [])], rows: parts.map((part) => [partName(t, dimension, part), ...part.values]) })} />
          <p className="zk-muted">{t('kpis.outlook_parts_help')}</p>
        </>
      )}
    </>
  )
}
