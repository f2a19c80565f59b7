// 活动: how far messages got, who bought after them, what that cost.
import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { boardQuery, type BoardAnswer, type BoardRow } from '../../api/campaigns'
import { useSettings } from '../../app/settings'
import { useFormat } from '../../app/workspace'
import { Chart, Save, type Palette } from '../../charts/Chart'
import { Card } from '../../ui/Card'
import { DataTable, type Column } from '../../ui/DataTable'
import { Notice } from '../../ui/states'
import { Means } from '../insight/Answer'
import { barsOption } from '../insight/bars'
import type { TabProps } from './CampaignsPage'
import { Ready, useBetween, usePeople, VerdictMark } from './shared'

/** Rows drawn as bars. */
const DRAWN = 12

export default function Board(props: TabProps) {
  const query = useQuery(boardQuery(props.question))
  return (
    <Ready query={query} onAnswer={props.onAnswer}>
      {(answer) => <Answer {...props} answer={answer} isStale={query.isPlaceholderData} />}
    </Ready>
  )
}

function Answer({ answer, isStale, onPeople, onCampaign }: TabProps & { answer: BoardAnswer; isStale: boolean }) {
  const { t } = useTranslation()
  const format = useFormat()
  const people = usePeople(onPeople)
  const between = useBetween()
  const isCampaign = answer.by === 'campaign'
  const titleOf = (row: BoardRow) => row.name ?? (row.key || t('campaigns.not_said'))
  const partOf = (row: BoardRow, which: string) => ({ of: 'board' as const, key: row === answer.total ? undefined : row.key, which })
  const all = (row: BoardRow) => (row === answer.total ? t('campaigns.total') : titleOf(row))
  const step = (key: 'reached' | 'delivered' | 'opened' | 'clicked' | 'converted' | 'holdout', n: (row: BoardRow) => number | null | undefined): Column<BoardRow> => ({
    key,
    title: t(`campaigns.which_${key}`),
    align: 'right',
    cell: (row) => people(partOf(row, key), all(row), n(row), t(`campaigns.which_${key}`)),
  })
  const columns: Column<BoardRow>[] = [
    {
      key: 'name',
      title: t(`campaigns.by_${answer.by as 'campaign'}`),
      isHead: true,
      cell: (row) =>
        isCampaign && row !== answer.total && row.effect ? (
          <button type="button" className="zk-link-button" onClick={() => onCampaign(row.key)}>
            {titleOf(row)}
          </button>
        ) : (
          all(row)
        ),
    },
    ...(isCampaign ? [{ key: 'verdict', title: t('campaigns.verdict'), cell: (row: BoardRow) => (row === answer.total ? '' : <VerdictMark verdict={row.verdict} />) } satisfies Column<BoardRow>] : []),
    step('reached', (row) => row.n_reached),
    step('delivered', (row) => row.n_delivered),
    step('opened', (row) => row.n_opened),
    step('clicked', (row) => row.n_clicked),
    step('converted', (row) => row.n_converted),
    { key: 'rate', title: t('campaigns.rate'), align: 'right', cell: (row) => (row.n_converted != null && row.n_reached ? format.ratioColumn(row.n_converted / row.n_reached) : '--') },
    { key: 'orders', title: t('campaigns.orders'), align: 'right', cell: (row) => format.people(row.n_orders) },
    { key: 'revenue', title: t('campaigns.revenue'), align: 'right', cell: (row) => (row.revenue == null ? '--' : format.moneyShort(row.revenue)) },
    { key: 'cost', title: t('campaigns.cost'), align: 'right', cell: (row) => (row.cost == null ? '--' : format.moneyShort(row.cost)) },
    { key: 'roi', title: t('campaigns.roi'), align: 'right', cell: (row) => format.ratio(row.roi) },
    { key: 'per_order', title: t('campaigns.per_order'), align: 'right', cell: (row) => (row.cost_per_order == null ? '--' : format.money(row.cost_per_order)) },
    ...(isCampaign
      ? [
          step('holdout', (row) => row.n_holdout),
          { key: 'effect', title: t('campaigns.effect'), align: 'right', phone: 'line', cell: (row: BoardRow) => (row.effect && row.n_holdout !== 0 ? between.points(row.effect) : '--') } satisfies Column<BoardRow>,
        ]
      : []),
  ]
  const title = t(`campaigns.table_${answer.by as 'campaign'}`)
  const numbers = () => ({
    head: [t(`campaigns.by_${answer.by as 'campaign'}`), t('campaigns.which_targeted'), t('campaigns.which_reached'), t('campaigns.which_delivered'), t('campaigns.which_opened'), t('campaigns.which_clicked'), t('campaigns.which_converted'), t('campaigns.orders'), t('campaigns.revenue'), t('campaigns.cost'), t('campaigns.roi')],
    rows: [...answer.rows, answer.total].map((row) => [all(row), row.n_targeted, row.n_reached, row.n_delivered, row.n_opened, row.n_clicked, row.n_converted, row.n_orders, row.revenue, row.cost, row.roi]),
  })
  return (
    <>
      <Means head={answer.head} />
      {answer.rows.length === 0 ? (
        <Card>
          <Notice title={t('campaigns.none')} help={t('campaigns.none_help')} />
        </Card>
      ) : (
        <>
          <Card title={t('campaigns.chart')} isStale={isStale}>
            <Bars answer={answer} />
          </Card>
          <Card title={title} hint={t('campaigns.board_hint', { n: answer.window_days })} isStale={isStale}>
            <DataTable caption={title} rows={[...answer.rows, answer.total]} rowKey={(row) => (row === answer.total ? 'total' : `row-${row.key}`)} columns={columns} maxHeight={560} />
            <Save title={title} numbers={numbers} />
            <details className="zk-depth">
              <summary>{t('campaigns.depth')}</summary>
              <p className="zk-muted">{t('campaigns.depth_board')}</p>
            </details>
          </Card>
        </>
      )}
    </>
  )
}

/** Revenue after messages, beside what they cost. */
function Bars({ answer }: { answer: BoardAnswer }) {
  const { t } = useTranslation()
  const { lang } = useSettings()
  const format = useFormat()
  const rows = useMemo(() => answer.rows.slice(0, DRAWN), [answer])
  const names = rows.map((row) => row.name ?? (row.key || t('campaigns.not_said')))
  const tip = (at: number) => {
    const row = rows[at]
    if (!row) return ''
    return [names[at], `${t('campaigns.revenue')}  ${row.revenue == null ? '--' : format.moneyShort(row.revenue)}`, `${t('campaigns.cost')}  ${row.cost == null ? '--' : format.moneyShort(row.cost)}`, `${t('campaigns.roi')}  ${format.ratio(row.roi)}`].join('\n')
  }
  const bars = [
    { name: t('campaigns.revenue'), values: rows.map((row) => Number(row.revenue ?? 0)), colour: 'series-1' as const },
    { name: t('campaigns.cost'), values: rows.map((row) => Number(row.cost ?? 0)), colour: 'series-2' as const },
  ]
  const axis = { name: t('campaigns.revenue'), write: (value: number) => format.moneyShort(value) }
  return (
    <Chart
      title={t('campaigns.chart')}
      description={lang === 'zh' ? answer.head.meaning_zh : answer.head.meaning}
      option={(palette: Palette) => barsOption(palette, names, bars, axis, tip, false)}
      n={rows.length}
      read={(index) => tip(index).replaceAll('\n', '，')}
      legend={bars.map((bar) => ({ name: bar.name, colour: bar.colour, kind: 'bar' }))}
      numbers={() => ({ head: [t('campaigns.campaign'), t('campaigns.revenue'), t('campaigns.cost')], rows: rows.map((row, at) => [names[at], row.revenue, row.cost]) })}
    />
  )
}
