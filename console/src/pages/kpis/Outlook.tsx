// What a figure will be: the line so far, the periods to come with their range, and how far to trust it.
import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { forecastQuery } from '../../api/kpis'
import type { KpiForecast, KpiSeries } from '../../api/types'
import type { KpiSearch } from '../../app/search'
import { useSettings } from '../../app/settings'
import { useFormat } from '../../app/workspace'
import { ChartOrTable, ViewSwitch, type Palette } from '../../charts/Chart'
import { Card } from '../../ui/Card'
import { DataTable } from '../../ui/DataTable'
import { ErrorNotice, Notice, Skeleton } from '../../ui/states'
import { outlookOption } from './outlookOption'
import { holidaysOf, nameOf, write } from './words'

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
    </Card>
  )
}
