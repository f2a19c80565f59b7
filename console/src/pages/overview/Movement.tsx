// What has moved: customers between tiers since the day before that was computed, and segments that grew or shrank most.
import { useQueries, useQuery } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { historyDaysQuery, movesQuery } from '../../api/history'
import { segmentsQuery, sizesQuery } from '../../api/segments'
import { May } from '../../app/session'
import { TIER_COLOUR } from '../../app/theme'
import { useFormat } from '../../app/workspace'
import { ChartOrTable, ViewSwitch, type Palette } from '../../charts/Chart'
import { Card } from '../../ui/Card'
import { DataTable } from '../../ui/DataTable'
import { SmallGroups } from '../../ui/SmallGroups'
import { ErrorNotice, Skeleton } from '../../ui/states'
import { TIERS, word, type Tier } from '../../words'
import { drawnFlows, sankeyOption, type Flow } from '../history/sankey'
import { largestChanges } from './changes'

/** The sizes of no more segments than these are asked for. */
const MAX_SEGMENTS = 20
const N_CHANGES = 5

export default function Movement() {
  return (
    <div className="zk-columns-main">
      <Tiers />
      <May to="segments.read">
        <Segments />
      </May>
    </div>
  )
}

function Tiers() {
  const { t } = useTranslation()
  const format = useFormat()
  const navigate = useNavigate()
  const [view, setView] = useState<'chart' | 'table'>('chart')
  const days = useQuery(historyDaysQuery('tier'))
  const isEnough = (days.data?.items.length ?? 0) > 1
  const query = useQuery({ ...movesQuery({ what: 'tier' }), enabled: isEnough })
  const { data } = query
  const flows = useMemo<Flow[]>(() => data?.moves.flatMap((move) => (move.n === null ? [] : [{ before: move.before ?? undefined, after: move.after ?? undefined, n: move.n }])) ?? [], [data])
  const { shown, nRest } = useMemo(() => drawnFlows(flows, data?.n_others ?? 0), [flows, data])
  const nameOf = (value: string | undefined, side: 'before' | 'after') => (value === undefined ? t(side === 'before' ? 'history.none_before' : 'history.none_after') : word(t, 'tier', value))
  const told = (flow: Flow) => t('history.read', { before: nameOf(flow.before, 'before'), after: nameOf(flow.after, 'after'), n: format.count(flow.n) })
  const tip = (index: number) => {
    const flow = shown[index]
    return flow ? told(flow) : ''
  }
  const open = (flow: Flow | undefined) => flow && void navigate({ to: '/insight/migration', search: { before: flow.before, after: flow.after, shown: true } })
  const description =
    data && t('history.describe', { from: format.day(data.from), to: format.day(data.to), stayed: format.people(data.n_stayed), moved: format.people(data.n_moved), added: format.people(data.n_new), gone: format.people(data.n_gone) })
  return (
    <Card title={t('overview.moves')} hint={data && format.dayRange(data.from, data.to)} extra={data && <ViewSwitch view={view} onChange={setView} />}>
      {(days.isPending || (isEnough && query.isPending)) && <Skeleton rows={6} height={26} />}
      {days.data && !isEnough && <p className="zk-muted">{t('overview.moves_none')}</p>}
      {(days.error ?? query.error) && <ErrorNotice error={days.error ?? query.error} onRetry={() => void (days.error ? days : query).refetch()} />}
      {data && (
        <>
          <SmallGroups isSuppressed={data.moves.some((move) => move.is_suppressed)} />
          <ChartOrTable
            view={view}
            title={t('overview.moves')}
            description={description ?? ''}
            height={260}
            n={shown.length}
            read={tip}
            pointAt="edge"
            onOpen={(index) => open(shown[index])}
            numbers={() => ({ head: [data.from, data.to, t('history.people')], rows: flows.map((flow) => [nameOf(flow.before, 'before'), nameOf(flow.after, 'after'), flow.n]) })}
            option={(palette) =>
              sankeyOption(palette, shown, nRest, {
                nameOf,
                colourOf: (value): keyof Palette => TIER_COLOUR[value as Tier] ?? 'series-6',
                rankOf: (value) => (value === undefined ? TIERS.length : TIERS.indexOf(value as Tier)),
                others: t('history.others'),
                write: format.count,
                tip,
              })
            }
            table={
              <DataTable
                caption={t('overview.moves')}
                rows={flows}
                rowKey={(flow) => `${flow.before ?? ''} ${flow.after ?? ''}`}
                columns={[
                  { key: 'before', title: format.day(data.from), isHead: true, cell: (flow) => nameOf(flow.before, 'before') },
                  { key: 'after', title: format.day(data.to), cell: (flow) => nameOf(flow.after, 'after') },
                  {
                    key: 'n',
                    title: t('history.people'),
                    align: 'right',
                    phone: 'end',
                    cell: (flow) => (
                      <button type="button" className="zk-link-button" aria-label={told(flow)} onClick={() => open(flow)}>
                        {format.count(flow.n)}
                      </button>
                    ),
                  },
                ]}
              />
            }
          />
          <p className="zk-muted">{description}</p>
        </>
      )}
    </Card>
  )
}

function Segments() {
  const { t } = useTranslation()
  const format = useFormat()
  const listed = useQuery(segmentsQuery(false))
  const segments = (listed.data?.items ?? []).slice(0, MAX_SEGMENTS)
  const sizes = useQueries({ queries: segments.map((segment) => sizesQuery(segment.segment_id)) })
  const isPending = listed.isPending || sizes.some((each) => each.isPending)
  const changes = largestChanges(
    segments.map((segment, at) => ({ id: segment.segment_id, name: segment.name, sizes: sizes[at]?.data?.items ?? [] })),
    N_CHANGES,
  )
  return (
    <Card title={t('overview.segments_changed')} hint={t('overview.segments_changed_hint', { n: N_CHANGES })}>
      {isPending && <Skeleton rows={5} height={26} />}
      {listed.isError && <ErrorNotice error={listed.error} onRetry={() => void listed.refetch()} />}
      {!isPending && !listed.isError && changes.length === 0 && <p className="zk-muted">{t('overview.segments_unchanged')}</p>}
      {!isPending && changes.length > 0 && (
        <DataTable
          caption={t('overview.segments_changed')}
          rows={changes}
          rowKey={(each) => each.id}
          columns={[
            {
              key: 'name',
              title: t('segments.name'),
              isHead: true,
              cell: (each) => (
                <Link to="/customers/segments/$segmentId" params={{ segmentId: each.id }}>
                  {each.name}
                </Link>
              ),
            },
            { key: 'size', title: t('segments.size'), align: 'right', cell: (each) => format.count(each.now) },
            {
              key: 'change',
              title: t('segments.change'),
              align: 'right',
              phone: 'end',
              cell: (each) => (
                <span>
                  <span aria-hidden="true">{each.by > 0 ? '▲' : '▼'}</span> {t(each.by > 0 ? 'overview.grew' : 'overview.shrank', { n: format.count(Math.abs(each.by)) })}
                </span>
              ),
            },
          ]}
        />
      )}
    </Card>
  )
}
