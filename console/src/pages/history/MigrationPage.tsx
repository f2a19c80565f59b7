// Who went from which tier, group or tag to which between two refreshes, and what changed in segments and tags.
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { Button, Select } from 'antd'
import { useMemo, useState, type SyntheticEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { computeDay, historyDaysQuery, movesQuery, type Compared } from '../../api/history'
import { NoData, useHasNothing } from '../../app/NoData'
import { May } from '../../app/session'
import { useFormat, useWorkspace } from '../../app/workspace'
import { TIER_COLOUR } from '../../app/theme'
import { ChartOrTable, ViewSwitch, type Palette } from '../../charts/Chart'
import { Card } from '../../ui/Card'
import { DataTable } from '../../ui/DataTable'
import { Page } from '../../ui/Page'
import { SmallGroups } from '../../ui/SmallGroups'
import { ErrorNotice, Notice, Skeleton } from '../../ui/states'
import { SEGMENTS, TIERS, word, type Tier } from '../../words'
import { Changes } from './Changes'
import { Movers } from './Movers'
import { drawnFlows, sankeyOption, type Flow } from './sankey'

const route = getRouteApi('/insight/migration')
const SERIES = ['series-1', 'series-2', 'series-3', 'series-4', 'series-5'] as const

/** What a value is called: codes of tiers and groups by their words, values of tags as they are. */
export function useNames(what: string) {
  const { t } = useTranslation()
  return (value: string | undefined, side: 'before' | 'after') => {
    if (value === undefined) return t(side === 'before' ? 'history.none_before' : 'history.none_after')
    if (what === 'tier') return word(t, 'tier', value)
    if (what === 'rfm_segment') return word(t, 'segment', value)
    if (what === 'risk' && (value === 'high' || value === 'medium' || value === 'low')) return t(`models.risk_${value}`)
    return value
  }
}

export default function MigrationPage() {
  const { t } = useTranslation()
  const { what, from, to } = route.useSearch()
  const days = useQuery(historyDaysQuery(what))
  const computed = days.data?.items ?? []
  const isEnough = computed.length > 1
  const hasNothing = useHasNothing()
  return (
    <Page title={t('history.title')} question={t('history.question')}>
      <Choice days={computed.map((day) => day.as_of)} />
      {days.isPending && <Skeleton rows={10} height={26} />}
      {days.isError && <ErrorNotice error={days.error} onRetry={() => void days.refetch()} />}
      {days.data && !isEnough && hasNothing && (
        <Card>
          <NoData />
        </Card>
      )}
      {days.data && !isEnough && !hasNothing && (
        <Card title={t('history.moves')}>
          <Notice title={t('history.too_few')} help={t('history.too_few_help')} />
          <May to="data.refresh">
            <ComputeDay />
          </May>
        </Card>
      )}
      {isEnough && <Moves compared={{ what, from, to }} />}
    </Page>
  )
}

function Choice({ days }: { days: string[] }) {
  const { t } = useTranslation()
  const format = useFormat()
  const { what, from, to } = route.useSearch()
  const navigate = route.useNavigate()
  const set = (next: Partial<Compared>) => void navigate({ search: (old) => ({ ...old, before: undefined, after: undefined, shown: undefined, ...next }), resetScroll: false })
  const options = days.map((day) => ({ value: day, label: format.day(day) }))
  const last = to ?? days.at(-1)
  const first = from ?? days.filter((day) => last === undefined || day < last).at(-1)
  return (
    <div className="zk-range zk-choice">
      <Select
        className="zk-filter"
        aria-label={t('history.what')}
        popupMatchSelectWidth={false}
        value={what}
        onChange={(value) => set({ what: value })}
        options={[
          { value: 'tier', label: t('history.tier') },
          { value: 'rfm_segment', label: t('history.rfm_segment') },
          { value: 'cluster', label: t('models.group') },
          { value: 'risk', label: t('models.risk') },
          ...(what.startsWith('tag:') ? [{ value: what, label: `${t('history.tag')} ${what.slice(4)}` }] : []),
        ]}
      />
      {days.length > 1 && (
        <>
          <span className="zk-muted">{t('history.from')}</span>
          <Select className="zk-filter" aria-label={t('history.from')} value={first} onChange={(value) => set({ from: value })} options={options.filter(({ value }) => last === undefined || value < last)} />
          <span className="zk-muted">{t('history.to')}</span>
          <Select className="zk-filter" aria-label={t('history.to')} value={last} onChange={(value) => set({ to: value, ...(first && first >= value ? { from: undefined } : {}) })} options={options.slice(1)} />
          <May to="data.refresh">
            <details className="zk-compute">
              <summary>{t('history.compute')}</summary>
              <ComputeDay />
            </details>
          </May>
        </>
      )}
    </div>
  )
}

/** Computes a past day, which then can be chosen. */
function ComputeDay() {
  const { t } = useTranslation()
  const format = useFormat()
  const cache = useQueryClient()
  const { data: workspace } = useWorkspace()
  const last = workspace?.as_of ?? workspace?.data_to ?? undefined
  const [day, setDay] = useState('')
  const compute = useMutation({ mutationFn: computeDay, onSuccess: () => cache.invalidateQueries({ queryKey: ['history'] }) })
  const submit = (event: SyntheticEvent) => {
    event.preventDefault()
    if (day) compute.mutate(day)
  }
  return (
    <form className="zk-compute-form" onSubmit={submit}>
      <input type="date" className="zk-date" aria-label={t('history.compute_day')} value={day} min={workspace?.data_from ?? undefined} max={last} onChange={(event) => setDay(event.target.value)} />
      <Button htmlType="submit" loading={compute.isPending} disabled={!day}>
        {t('history.compute_day')}
      </Button>
      <span role="status" className="zk-muted">
        {compute.isPending && t('history.computing', { day: format.day(day) })}
      </span>
      {compute.isError && <ErrorNotice error={compute.error} />}
    </form>
  )
}

function Moves({ compared }: { compared: Compared }) {
  const { t } = useTranslation()
  const format = useFormat()
  const { view, before, after, shown: isShown } = route.useSearch()
  const navigate = route.useNavigate()
  const nameOf = useNames(compared.what)
  const query = useQuery(movesQuery(compared))
  const { data } = query
  const flows = useMemo<Flow[]>(() => data?.moves.flatMap((move) => (move.n === null ? [] : [{ before: move.before ?? undefined, after: move.after ?? undefined, n: move.n }])) ?? [], [data])
  const drawn = useMemo(() => drawnFlows(flows, data?.n_others ?? 0), [flows, data])
  const values = useMemo(() => [...new Set(flows.flatMap((flow) => [flow.before, flow.after]))], [flows])
  const colourOf = (value: string | undefined): keyof Palette => {
    if (value === undefined) return 'series-6'
    if (compared.what === 'tier') return TIER_COLOUR[value as Tier] ?? 'series-6'
    return SERIES[values.indexOf(value) % SERIES.length] ?? 'series-6'
  }
  const rankOf = (value: string | undefined) => {
    // Nothing comes last; groups stand as everywhere, values of a tag by their size.
    const known: readonly string[] = compared.what === 'tier' ? TIERS : compared.what === 'rfm_segment' ? SEGMENTS : []
    const at = value === undefined ? -1 : known.indexOf(value)
    return value === undefined ? Number.MAX_SAFE_INTEGER : at >= 0 ? at : known.length + values.indexOf(value)
  }
  const told = (flow: Flow) => t('history.read', { before: nameOf(flow.before, 'before'), after: nameOf(flow.after, 'after'), n: format.count(flow.n) })
  const tip = (index: number) => {
    const flow = drawn.shown[index]
    return flow ? told(flow) : ''
  }
  const open = (flow: Flow | undefined) => flow && void navigate({ search: (old) => ({ ...old, before: flow.before, after: flow.after, shown: true }), resetScroll: false })
  const top = flows.find((flow) => flow.before !== undefined && flow.after !== undefined && flow.before !== flow.after)
  const description =
    data &&
    [
      t('history.describe', { from: format.day(data.from), to: format.day(data.to), stayed: format.people(data.n_stayed), moved: format.people(data.n_moved), added: format.people(data.n_new), gone: format.people(data.n_gone) }),
      top && t('history.describe_top', { before: nameOf(top.before, 'before'), after: nameOf(top.after, 'after'), n: format.count(top.n) }),
    ]
      .filter(Boolean)
      .join(' ')
  const total = useMemo(() => {
    const sums = new Map<string | undefined, number>()
    flows.forEach((flow) => sums.set(flow.before, (sums.get(flow.before) ?? 0) + flow.n))
    return sums
  }, [flows])
  return (
    <>
      <Card
        title={t('history.moves')}
        hint={t('history.moves_hint')}
        isStale={query.isPlaceholderData}
        extra={<ViewSwitch view={view} onChange={(next) => void navigate({ search: (old) => ({ ...old, view: next }), replace: true, resetScroll: false })} />}
      >
        {query.isPending && <Skeleton rows={10} height={26} />}
        {query.isError && <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />}
        {data && (
          <>
            <p>{description}</p>
            <SmallGroups isSuppressed={data.moves.some((move) => move.is_suppressed)} />
            <ChartOrTable
              view={view}
              title={t('history.moves')}
              description={description ?? ''}
              height={Math.max(320, 22 * values.length * 2)}
              n={drawn.shown.length}
              read={tip}
              pointAt="edge"
              onOpen={(index) => open(drawn.shown[index])}
              numbers={() => ({
                head: [data.from, data.to, t('history.people')],
                rows: flows.map((flow) => [nameOf(flow.before, 'before'), nameOf(flow.after, 'after'), flow.n]),
              })}
              option={(palette) => sankeyOption(palette, drawn.shown, drawn.nRest, { nameOf, colourOf, rankOf, others: t('history.others'), write: format.count, tip })}
              table={
                <DataTable
                  caption={t('history.moves')}
                  rows={flows}
                  rowKey={(flow) => `${flow.before ?? ''} ${flow.after ?? ''}`}
                  columns={[
                    { key: 'before', title: format.day(data.from), isHead: true, cell: (flow) => nameOf(flow.before, 'before') },
                    { key: 'after', title: format.day(data.to), cell: (flow) => nameOf(flow.after, 'after') },
                    {
                      key: 'n',
                      title: t('history.people'),
                      align: 'right',
                      cell: (flow) => (
                        <button type="button" className="zk-link-button" aria-label={told(flow)} onClick={() => open(flow)}>
                          {format.count(flow.n)}
                        </button>
                      ),
                    },
                    { key: 'share', title: t('history.share'), align: 'right', cell: (flow) => format.ratioColumn(flow.n / (total.get(flow.before) ?? flow.n)) },
                  ]}
                />
              }
            />
          </>
        )}
      </Card>
      {data && <Movers compared={compared} flow={isShown ? { before, after, n: 0 } : undefined} />}
      {data && <Changes from={data.from} to={data.to} />}
    </>
  )
}
