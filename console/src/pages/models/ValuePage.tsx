// 客户价值与流失 CLV & churn: who is worth keeping, and how many can be kept?
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { Button } from 'antd'
import { lazy, Suspense, useId, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { boardQuery, modelsQuery, type ModelBoard } from '../../api/models'
import type { RuleJson } from '../../api/segments'
import type { ValueSearch } from '../../app/search'
import { useFormat } from '../../app/workspace'
import { Save } from '../../charts/Chart'
import { Card } from '../../ui/Card'
import { DataTable } from '../../ui/DataTable'
import { Page } from '../../ui/Page'
import { SmallGroups } from '../../ui/SmallGroups'
import { ErrorNotice, Notice, Skeleton } from '../../ui/states'
import { RulePeople } from '../customers/RulePeople'
import { Grade } from './Grade'
import { cellRule, reachRule, riskRule, valueRule } from './rules'
import './models.css'

const route = getRouteApi('/insight/value')
const SettingsSheet = lazy(() => import('./SettingsSheet'))

export default function ValuePage() {
  const { t, i18n } = useTranslation()
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const set = (next: Partial<ValueSearch>) => void navigate({ search: (old) => ({ ...old, ...next }), resetScroll: false })
  const query = useQuery(boardQuery)
  const versions = useQuery(modelsQuery)
  const { data } = query
  return (
    <Page title={t('models.value')} question={t('models.value_question')} actions={<Button onClick={() => set({ settings: true })}>{t('models.settings')}</Button>}>
      {query.isPending && <Card><Skeleton rows={10} height={30} /></Card>}
      {query.isError && <Card><ErrorNotice error={query.error} onRetry={() => void query.refetch()} /></Card>}
      {data && !data.as_of && <Card><Notice title={t('state.not_computed')} help={t('state.not_computed_help')} /></Card>}
      {data?.as_of && (
        <>
          <p className="zk-sentence">
            <strong>{t('overview.means')}</strong>
            <span>{i18n.language === 'zh' ? data.meaning_zh : data.meaning_en}</span>
          </p>
          <Grade versions={versions.data?.items ?? []} models={['churn', 'clv']} />
          <Board board={data} search={search} set={set} />
        </>
      )}
      {search.settings && (
        <Suspense>
          <SettingsSheet onClose={() => set({ settings: undefined })} />
        </Suspense>
      )}
    </Page>
  )
}

type Props = { board: ModelBoard; search: ValueSearch; set: (next: Partial<ValueSearch>) => void }

function Board({ board, search, set }: Props) {
  const { t } = useTranslation()
  const format = useFormat(board.currency)
  const isSuppressed = [...board.cells, ...board.tiers].some((one) => one.n_customers === null)
  const open = behind(board, search.people)
  const names = useNames(board)
  return (
    <>
      <SmallGroups isSuppressed={isSuppressed} />
      <Figures board={board} />
      {board.cells.length > 0 && (
        <Card title={t('models.grid')} hint={t('models.grid_hint')}>
          <Cells board={board} onOpen={(people) => set({ people })} />
          <Save
            title={t('models.grid')}
            numbers={() => ({
              head: [t('models.chance'), t('models.worth'), t('overview.people'), t('models.at_risk')],
              rows: board.cells.map((cell) => [names.chance(cell.chance), names.value(cell.value), cell.n_customers, cell.value_at_risk]),
            })}
          />
        </Card>
      )}
      <div className="zk-columns-2">
        {board.tiers.length > 0 && board.cells.length > 0 && (
          <Card title={t('models.tiers')} hint={t('models.tiers_hint')}>
            <DataTable
              caption={t('models.tiers')}
              rows={board.tiers}
              rowKey={(tier) => tier.risk}
              columns={[
                { key: 'risk', title: t('models.risk'), isHead: true, cell: ({ risk }) => <button type="button" className="zk-link-button" onClick={() => set({ people: `risk-${risk}` })}>{names.risk(risk)}</button> },
                { key: 'n', title: t('overview.people'), align: 'right', cell: ({ n_customers: n }) => format.people(n) },
                { key: 'leave', title: t('models.leave'), align: 'right', cell: ({ expected }) => (expected == null ? '--' : format.count(Math.round(expected))) },
                { key: 'risk_money', title: t('models.at_risk_unit', { unit: format.moneyUnit }), align: 'right', cell: (tier) => format.amountWhole(tier.value_at_risk) },
              ]}
            />
          </Card>
        )}
        {board.reach.length > 1 && <Hands board={board} onOpen={(people) => set({ people })} />}
        {board.reasons.length > 0 && (
          <Card title={t('models.reasons')} hint={t('models.reasons_hint')}>
            <Bars rows={board.reasons.map((one) => ({ key: one.feature, name: names.of(one), n: one.n_customers ?? undefined }))} />
          </Card>
        )}
        {board.by_value.length > 0 && (
          <Card title={t('models.by_value')} hint={t('models.by_value_hint')}>
            <Bars rows={board.by_value.map((n, at) => ({ key: `${at}`, name: names.value(at), n: n ?? undefined, onOpen: () => set({ people: `value-${at}` }) }))} />
          </Card>
        )}
      </div>
      {open && <RulePeople title={names.people(search.people ?? '')} rule={open} asOf={board.as_of ?? undefined} onClose={() => set({ people: undefined })} />}
    </>
  )
}

/** What ranges and people are called. */
function useNames(board: ModelBoard) {
  const { t, i18n } = useTranslation()
  const format = useFormat(board.currency)
  const chance = (at: number) => t('models.from_to', { from: format.ratio(board.chances[at]), to: format.ratio(board.chances[at + 1]) })
  const value = (at: number) => {
    const [low, high] = [board.values[at] ?? 0, board.values[at + 1]]
    const money = (amount: number) => format.moneyShort(amount.toFixed(2))
    return high === undefined ? t('models.from', { from: money(low) }) : t('models.from_to', { from: money(low), to: money(high) })
  }
  const risk = (code: string) => t(`models.risk_${code as 'high' | 'medium' | 'low'}`)
  const people = (what: string) => {
    const [kind, first, second] = what.split('-')
    if (kind === 'cell') return t('models.people_cell', { chance: chance(Number(first)), value: value(Number(second)) })
    if (kind === 'risk') return t('models.people_risk', { risk: risk(first ?? '') })
    if (kind === 'reach') return t('models.people_reach', { n: format.count(board.reach[Number(first)]?.n_customers ?? 0) })
    return t('models.people_value', { value: value(Number(first)) })
  }
  return { chance, value, risk, people, of: (one: { zh: string; en: string }) => (i18n.language === 'zh' ? one.zh : one.en) }
}

/** The rule of what is open: `cell-CHANCE-VALUE`, `risk-WORD`, `reach-POINT`, `value-RANGE`. */
function behind(board: ModelBoard, what: string | undefined): RuleJson | undefined {
  if (what === undefined) return undefined
  const [kind, first = '', second = ''] = what.split('-')
  if (kind === 'cell') return cellRule(board.chances, board.values, Number(first), Number(second))
  if (kind === 'risk') return riskRule(first)
  if (kind === 'value') return valueRule(board.values, Number(first))
  const point = board.reach[Number(first)]
  return point && reachRule(Number(point.at_least))
}

function Figures({ board }: { board: ModelBoard }) {
  const { t } = useTranslation()
  const format = useFormat(board.currency)
  const figures = [
    { key: 'active', value: format.people(board.n_active) },
    { key: 'leave', value: board.expected_to_leave == null ? '--' : format.count(Math.round(board.expected_to_leave)) },
    { key: 'at_risk', value: format.moneyShort(board.value_at_risk) },
    { key: 'worth', value: format.moneyShort(board.expected_value) },
    { key: 'alive', value: format.people(board.n_alive) },
  ] as const
  return (
    <Card>
    <dl className="zk-figure-row">
      {figures.map(({ key, value }) => (
        <div key={key}>
          <dt title={t(`models.figure_${key}_help`)}>{t(`models.figure_${key}`)}</dt>
          <dd className="zk-figures">{value}</dd>
        </div>
      ))}
    </dl>
    </Card>
  )
}

/** Chances down, values across; the deeper the colour, the more is at risk. */
function Cells({ board, onOpen }: { board: ModelBoard; onOpen: (people: string) => void }) {
  const { t } = useTranslation()
  const format = useFormat(board.currency)
  const names = useNames(board)
  const most = Math.max(1, ...board.cells.map((cell) => Number(cell.value_at_risk ?? 0)))
  const rows = board.chances.slice(0, -1).map((_, chance) => chance).toReversed()
  return (
    <DataTable
      caption={t('models.grid')}
      rows={rows}
      rowKey={(chance) => chance}
      keepsColumns
      columns={[
        { key: 'chance', title: t('models.chance'), isHead: true, cell: (chance) => names.chance(chance) },
        ...board.values.map((_, value) => ({
          key: `${value}`,
          title: names.value(value),
          align: 'right' as const,
          cell: (chance: number) => {
            const cell = board.cells.find((one) => one.chance === chance && one.value === value)
            if (!cell) return <span className="zk-muted">0</span>
            const depth = Math.ceil((Number(cell.value_at_risk ?? 0) / most) * 5)
            return (
              <button type="button" className={`zk-risk-cell zk-risk-${depth}`} onClick={() => onOpen(`cell-${chance}-${value}`)}>
                <span className="zk-figures">{format.people(cell.n_customers)}</span>
                <span className="zk-risk-money">{cell.value_at_risk == null ? '--' : format.moneyShort(cell.value_at_risk)}</span>
              </button>
            )
          },
        })),
      ]}
    />
  )
}

/** How much is reached with so many contacts. */
function Hands({ board, onOpen }: { board: ModelBoard; onOpen: (people: string) => void }) {
  const { t } = useTranslation()
  const format = useFormat(board.currency)
  const id = useId()
  const [at, setAt] = useState(Math.min(1, board.reach.length - 1))
  const point = board.reach[at]
  if (!point) return null
  return (
    <Card title={t('models.hands')} hint={t('models.hands_hint')}>
      <div className="zk-model-stack">
      <label htmlFor={id}>
        {t('models.hands_label', { n: format.count(point.n_customers) })}
      </label>
      <input id={id} type="range" className="zk-hands" min={0} max={board.reach.length - 1} value={at} aria-valuetext={format.count(point.n_customers)} onChange={(event) => setAt(Number(event.target.value))} />
      <p role="status">{t('models.hands_says', { share: format.ratio(point.share), leave: format.count(Math.round(point.expected)) })}</p>
      <Button onClick={() => onOpen(`reach-${at}`)}>{t('models.hands_people')}</Button>
      </div>
    </Card>
  )
}

type Bar = { key: string; name: string; n: number | undefined; onOpen?: () => void }

/** Horizontal bars, the largest as long as there is room. */
function Bars({ rows }: { rows: readonly Bar[] }) {
  const format = useFormat()
  const most = Math.max(1, ...rows.map((row) => row.n ?? 0))
  return (
    <ul className="zk-bars">
      {rows.map((row) => (
        <li key={row.key}>
          <span className="zk-bars-name">
            {row.onOpen ? (
              <button type="button" className="zk-link-button" onClick={row.onOpen}>
                {row.name}
              </button>
            ) : (
              row.name
            )}
          </span>
          <span className="zk-bars-track" aria-hidden="true">
            <span style={{ width: `${((row.n ?? 0) / most) * 100}%` }} />
          </span>
          <span className="zk-figures">{format.people(row.n)}</span>
        </li>
      ))}
    </ul>
  )
}

