// 价值分层 RFM: where does the money come from, and who is leaving?
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { Button, Segmented, Select } from 'antd'
import type { TFunction } from 'i18next'
import { lazy, Suspense } from 'react'
import { useTranslation } from 'react-i18next'
import { rfmQuery } from '../../api/queries'
import type { RuleJson } from '../../api/segments'
import type { RfmGrid } from '../../api/types'
import { NoData, useHasNothing } from '../../app/NoData'
import { RFM_MEASURES, type RfmSearch } from '../../app/search'
import { TIER_COLOUR } from '../../app/theme'
import { useFormat } from '../../app/workspace'
import { Save, ViewSwitch } from '../../charts/Chart'
import { Card } from '../../ui/Card'
import { DataTable } from '../../ui/DataTable'
import { Page } from '../../ui/Page'
import { SmallGroups } from '../../ui/SmallGroups'
import { ErrorNotice, Notice, Skeleton } from '../../ui/states'
import { useBeside } from '../../ui/beside'
import { word } from '../../words'
import { RulePeople } from '../customers/RulePeople'
import { HeatGrid } from './HeatGrid'
import { cellOf, M_SCORES, type Cell } from './sums'
import './rfm.css'

const route = getRouteApi('/insight/rfm')
const RulesSheet = lazy(() => import('./RulesSheet'))

export default function RfmPage() {
  const { t } = useTranslation()
  const format = useFormat()
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const query = useQuery(rfmQuery(search.as_of))
  const hasNothing = useHasNothing()
  const { data } = query
  const set = (next: Partial<RfmSearch>) => void navigate({ search: (old) => ({ ...old, ...next }), resetScroll: false })
  return (
    <Page
      title={t('rfm.title')}
      question={t('rfm.question')}
      actions={
        data?.as_of && (
          <>
            <Button onClick={() => set({ rules: true })}>{t('rfm_rules.open')}</Button>
            <Segmented aria-label={t('rfm.measure')} value={search.measure} onChange={(measure) => set({ measure })} options={RFM_MEASURES.map((value) => ({ value, label: t(`rfm.measure_${value}`) }))} />
            <Select
              aria-label={t('rfm.as_of')}
              popupMatchSelectWidth={false}
              value={data.as_of}
              onChange={(day) => set({ as_of: day === data.days.at(-1) ? undefined : day, cell: undefined })}
              options={data.days.toReversed().map((day) => ({ value: day, label: t('rfm.as_of_day', { day: format.day(day) }) }))}
            />
          </>
        )
      }
    >
      {query.isPending && <Card><Skeleton rows={10} height={30} /></Card>}
      {query.isError && <Card><ErrorNotice error={query.error} onRetry={() => void query.refetch()} /></Card>}
      {data && !data.as_of && <Card>{hasNothing ? <NoData /> : <Notice title={t('state.not_computed')} help={t('state.not_computed_help')} />}</Card>}
      {search.rules && (
        <Suspense>
          <RulesSheet onClose={() => set({ rules: undefined })} />
        </Suspense>
      )}
      {data?.as_of && <Grids grid={data} isStale={query.isPlaceholderData} set={set} />}
    </Page>
  )
}

type Props = { grid: RfmGrid; isStale: boolean; set: (next: Partial<RfmSearch>) => void }

function Grids({ grid, isStale, set }: Props) {
  const { t } = useTranslation()
  const format = useFormat(grid.currency)
  const { measure, view, cell } = route.useSearch()
  const { opened, close } = useBeside(() => set({ cell: undefined }))
  const open = (next: Cell) => {
    opened()
    set({ cell: [next.r, next.f, next.m].filter((score) => score !== undefined).join('-') })
  }
  const chosen = cell === undefined ? undefined : cellOf(cell)
  const share = t('rfm.sentence', {
    n: format.people(grid.total.n_customers),
    money: format.moneyShort(grid.total.monetary),
    core: format.ratio(grid.tiers.find((tier) => tier.tier === 'core')?.sums.monetary_ratio),
    core_people: format.ratio(grid.tiers.find((tier) => tier.tier === 'core')?.sums.customer_ratio),
  })
  return (
    <>
      <SmallGroups isSuppressed={grid.cells.some((each) => each.sums.is_suppressed)} />
      <p className="zk-sentence">
        <strong>{t('overview.means')}</strong>
        <span>{share}</span>
      </p>
      <Tiers grid={grid} />
      <Card title={t('rfm.grid')} hint={t('rfm.grid_hint')} isStale={isStale} extra={<ViewSwitch view={view} onChange={(next) => set({ view: next })} />}>
        {view === 'chart' ? (
          <>
            <HeatGrid grid={grid} measure={measure} onOpen={open} />
            <h3 className="zk-rfm-by-m">{t('rfm.by_m')}</h3>
            <p className="zk-muted">{t('rfm.by_m_hint')}</p>
            <div className="zk-rfm-small">
              {M_SCORES.map((m) => (
                <HeatGrid key={m} grid={grid} measure={measure} m={m} onOpen={open} />
              ))}
            </div>
          </>
        ) : (
          <CellTable grid={grid} onOpen={open} />
        )}
        <Save
          title={t('rfm.title')}
          numbers={() => ({
            head: ['R', 'F', 'M', t('overview.people'), t('overview.money', { unit: format.moneyUnit })],
            rows: grid.cells.map((each) => [each.r_score, each.f_score, each.m_score, each.sums.n_customers, each.sums.monetary]),
          })}
        />
      </Card>
      <Groups grid={grid} isStale={isStale} />
      {chosen && <RulePeople title={cellName(t, chosen)} rule={ruleOf(chosen)} asOf={grid.as_of ?? undefined} onClose={close} />}
    </>
  )
}

function cellName(t: TFunction, { r, f, m }: Cell): string {
  return m === undefined ? t('rfm.cell', { r, f }) : t('rfm.cell_m', { r, f, m })
}

function ruleOf({ r, f, m }: Cell): RuleJson {
  const score = (name: string, value: number) => ({ score: `rfm.${name}`, op: 'eq', value })
  return { all: [score('r_score', r), score('f_score', f), ...(m === undefined ? [] : [score('m_score', m)])] }
}

/** How the tiers share customers and money. */
function Tiers({ grid }: { grid: RfmGrid }) {
  const { t } = useTranslation()
  const format = useFormat(grid.currency)
  const bars = [
    { key: 'people', title: t('overview.people_ratio'), of: (sums: RfmGrid['total']) => sums.customer_ratio },
    { key: 'money', title: t('overview.money_ratio'), of: (sums: RfmGrid['total']) => sums.monetary_ratio },
  ]
  return (
    <Card title={t('overview.tiers')}>
      {bars.map((bar) => (
        <div key={bar.key} className="zk-tier-bar">
          <span className="zk-bar-label">{bar.title}</span>
          <span className="zk-tier-parts" aria-hidden="true">
            {grid.tiers.map(({ tier, sums }) => (
              <span key={tier} style={{ flexGrow: Math.max(bar.of(sums) ?? 0, 0), background: `var(--zk-${TIER_COLOUR[tier]})` }} />
            ))}
          </span>
        </div>
      ))}
      <ul className="zk-tier-legend">
        {grid.tiers.map(({ tier, sums }) => (
          <li key={tier}>
            <span className="zk-dot" style={{ background: `var(--zk-${TIER_COLOUR[tier]})` }} />
            <Link to="/customers" search={{ tier }} title={t('overview.see_people', { name: t(`tier.${tier}`) })}>
              {t(`tier.${tier}`)}
            </Link>
            <span className="zk-figures">
              {t('rfm.tier_figures', { n: format.people(sums.n_customers), people: format.ratio(sums.customer_ratio), money: format.ratio(sums.monetary_ratio) })}
            </span>
          </li>
        ))}
      </ul>
    </Card>
  )
}

function CellTable({ grid, onOpen }: { grid: RfmGrid; onOpen: (cell: Cell) => void }) {
  const { t } = useTranslation()
  const format = useFormat(grid.currency)
  const rows = grid.cells.toSorted((a, b) => b.r_score - a.r_score || b.f_score - a.f_score || b.m_score - a.m_score)
  return (
    <DataTable
      caption={t('rfm.grid')}
      rows={rows}
      rowKey={(cell) => `${cell.r_score}-${cell.f_score}-${cell.m_score}`}
      keepsColumns
      maxHeight={520}
      columns={[
        {
          key: 'cell',
          title: 'R F M',
          isHead: true,
          cell: ({ r_score: r, f_score: f, m_score: m }) => (
            <button type="button" className="zk-link-button zk-figures" title={t('rfm.see_people')} onClick={() => onOpen({ r, f, m })}>
              {r} {f} {m}
            </button>
          ),
        },
        { key: 'people', title: t('overview.people'), align: 'right', cell: ({ sums }) => format.people(sums.n_customers) },
        { key: 'people_ratio', title: t('overview.people_ratio'), align: 'right', cell: ({ sums }) => format.ratioColumn(sums.customer_ratio) },
        { key: 'money', title: t('overview.money', { unit: format.moneyUnit }), align: 'right', cell: ({ sums }) => format.amountWhole(sums.monetary) },
        { key: 'money_ratio', title: t('overview.money_ratio'), align: 'right', cell: ({ sums }) => format.ratioColumn(sums.monetary_ratio) },
        { key: 'average', title: t('rfm.average', { unit: format.moneyUnit }), align: 'right', cell: ({ sums }) => format.amountWhole(sums.average) },
      ]}
    />
  )
}

/** The eight classic groups. */
function Groups({ grid, isStale }: { grid: RfmGrid; isStale: boolean }) {
  const { t } = useTranslation()
  const format = useFormat(grid.currency)
  return (
    <Card title={t('overview.rfm')} hint={t('rfm.groups_hint')} isStale={isStale}>
      <DataTable
        caption={t('overview.rfm')}
        rows={grid.groups}
        rowKey={(group) => group.rfm_segment}
        keepsColumns
        columns={[
          {
            key: 'segment',
            title: t('overview.segment'),
            isHead: true,
            cell: ({ rfm_segment }) => (
              <Link to="/customers" search={{ rfm_segment }} title={t('overview.see_people', { name: word(t, 'segment', rfm_segment) })}>
                {word(t, 'segment', rfm_segment)}
              </Link>
            ),
          },
          { key: 'people', title: t('overview.people'), align: 'right', cell: ({ sums }) => format.people(sums.n_customers) },
          { key: 'people_ratio', title: t('overview.people_ratio'), align: 'right', cell: ({ sums }) => format.ratioColumn(sums.customer_ratio) },
          { key: 'money', title: t('overview.money', { unit: format.moneyUnit }), align: 'right', cell: ({ sums }) => format.amountWhole(sums.monetary) },
          { key: 'money_ratio', title: t('overview.money_ratio'), align: 'right', cell: ({ sums }) => format.ratioColumn(sums.monetary_ratio) },
          { key: 'average', title: t('rfm.average', { unit: format.moneyUnit }), align: 'right', cell: ({ sums }) => format.amountWhole(sums.average) },
          { key: 'interval', title: t('rfm.interval'), align: 'right', cell: (group) => format.count(group.avg_interval_days) },
          { key: 'away', title: t('overview.away'), align: 'right', cell: ({ sums }) => format.count(sums.avg_recency_days) },
        ]}
      />
      <p className="zk-muted zk-rfm-note">{t('rfm.interval_note')}</p>
    </Card>
  )
}

