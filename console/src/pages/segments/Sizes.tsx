// How many were in a segment, day by day. Between the days on which it changed it stayed as it was.
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { sizesQuery } from '../../api/segments'
import type { Segment } from '../../api/types'
import { useFormat } from '../../app/workspace'
import { baseOption, ChartOrTable, ViewSwitch, type Palette } from '../../charts/Chart'
import { describeLine } from '../../charts/describe'
import { Card } from '../../ui/Card'
import { DataTable } from '../../ui/DataTable'
import { ErrorNotice, Skeleton } from '../../ui/states'

const route = getRouteApi('/customers/segments/$segmentId')

export function Sizes({ segment }: { segment: Segment }) {
  const { t } = useTranslation()
  const format = useFormat()
  const { view } = route.useSearch()
  const navigate = route.useNavigate()
  const query = useQuery(sizesQuery(segment.segment_id))
  const sizes = useMemo(() => query.data?.items ?? [], [query.data])
  const drawn = useMemo(() => {
    const labels = sizes.map((size) => format.day(size.day))
    const tip = (index: number) => {
      const size = sizes[index]
      if (!size) return ''
      const change = t('segments.change_detail', { day: format.day(size.day), joined: format.people(size.n_joined), gone: format.people(size.n_gone) })
      return `${change}\n${t('segments.size')}  ${format.people(size.n_members)}`
    }
    const values = sizes.map((size) => size.n_members)
    const axis = { name: `${t('segments.size')} (${t('segments.not_zero')})`, write: format.countShort }
    const option = (palette: Palette) => {
      const base = baseOption(palette, labels, axis, tip)
      return {
        ...base,
        // Sizes change little from day to day: from zero on every line would look flat. The axis says so.
        yAxis: { ...(base.yAxis as object), scale: true, minInterval: 1 },
        series: [{ type: 'line', data: values, step: 'end', symbolSize: 6, itemStyle: { color: palette['series-1'] }, lineStyle: { color: palette['series-1'], width: 2.2 }, emphasis: { disabled: true } }],
      }
    }
    return { labels, tip, option, description: describeLine(t, { name: t('segments.size'), labels, values, write: format.people }) }
  }, [sizes, format, t])
  const [first] = sizes
  return (
    <Card
      title={t('segments.sizes')}
      hint={t('segments.sizes_hint')}
      extra={sizes.length > 1 && <ViewSwitch view={view} onChange={(next) => void navigate({ search: (old) => ({ ...old, view: next }), replace: true, resetScroll: false })} />}
    >
      {query.isPending && <Skeleton rows={4} height={24} />}
      {query.isError && <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />}
      {query.data && !first && <p className="zk-muted">{t('segments.sizes_none')}</p>}
      {first && sizes.length === 1 && <p className="zk-muted">{t('segments.sizes_one', { day: format.day(first.day), n: format.people(first.n_members) })}</p>}
      {sizes.length > 1 && (
        <ChartOrTable
          view={view}
          title={`${t('segments.sizes')} ${segment.name}`}
          description={drawn.description}
          option={drawn.option}
          n={sizes.length}
          read={(index) => drawn.tip(index).replaceAll('\n', '，')}
          height={220}
          numbers={() => ({
            head: [t('segments.day'), t('segments.size'), t('segments.joined'), t('segments.gone')],
            rows: sizes.map((size) => [size.day, size.n_members, size.n_joined, size.n_gone]),
          })}
          table={
            <DataTable
              caption={t('segments.sizes')}
              rows={sizes.toReversed()}
              rowKey={(size) => size.day}
              keepsColumns
              maxHeight={300}
              columns={[
                { key: 'day', title: t('segments.day'), isHead: true, cell: (size) => format.day(size.day) },
                { key: 'n', title: t('segments.size'), align: 'right', cell: (size) => format.people(size.n_members) },
                { key: 'joined', title: t('segments.joined'), align: 'right', cell: (size) => format.people(size.n_joined) },
                { key: 'gone', title: t('segments.gone'), align: 'right', cell: (size) => format.people(size.n_gone) },
              ]}
            />
          }
        />
      )}
    </Card>
  )
}
