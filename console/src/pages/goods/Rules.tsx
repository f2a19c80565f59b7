// Rules and pairs: what they mean, the strongest as bars, all as a table that sorts, the people of each.
import { useQuery } from '@tanstack/react-query'
import { useEffect, useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { nextQuery, togetherQuery, type Good, type GoodsPart, type NextAnswer, type TogetherAnswer } from '../../api/goods'
import { useSettings } from '../../app/settings'
import { useFormat } from '../../app/workspace'
import { Chart, Save, type Palette } from '../../charts/Chart'
import { Card } from '../../ui/Card'
import { DataTable, type Column } from '../../ui/DataTable'
import { Facts } from '../../ui/Facts'
import { ErrorNotice, Notice, Skeleton } from '../../ui/states'
import { Means } from '../insight/Answer'
import { barsOption, type Bar } from '../insight/bars'
import { titleOf, useTitles } from './names'
import { sortedGoods, type GoodsJson, type GoodsSort } from './question'

/** Rules drawn as bars. */
const DRAWN = 10

type Props = {
  tab: 'together' | 'next'
  question: GoodsJson
  sort: GoodsSort
  isRising: boolean
  onSort: (sort: GoodsSort, isRising: true | undefined) => void
  onPeople: (part: GoodsPart) => void
  onAnswer: (days: { from: string; to: string }) => void
}

export function Rules(props: Props) {
  const { tab, question } = props
  const together = useQuery({ ...togetherQuery(question), enabled: tab === 'together' })
  const next = useQuery({ ...nextQuery(question), enabled: tab === 'next' })
  const query = tab === 'together' ? together : next
  const { data, isPlaceholderData, isPending, isError, error } = query
  const { onAnswer } = props
  const from = data?.head.from
  const to = data?.head.to
  useEffect(() => {
    if (from && to) onAnswer({ from, to })
  }, [from, to, onAnswer])
  if (isPending) return <Card><Skeleton rows={10} height={28} /></Card>
  if (isError) return <Card><ErrorNotice error={error} onRetry={() => void query.refetch()} /></Card>
  return <Answer {...props} answer={data} isStale={isPlaceholderData} />
}

type Row = { key: string; bought: readonly Good[]; then: Good; n_both: number; n_first: number; n_beyond: number; confidence: number; lift: number; q: number; n_people: number | null; n_left: number | null; gap: readonly [number, number, number] | undefined; n_reverse: number | null }

function rowsOf(answer: TogetherAnswer | NextAnswer, sort: GoodsSort, isRising: boolean): Row[] {
  const key = (goods: readonly Good[]) => goods.map((good) => good.id).join('\u0000')
  if ('pairs' in answer) {
    return sortedGoods(answer.pairs, sort, isRising).map((pair) => ({
      ...pair,
      key: key([pair.first, pair.next]),
      bought: [pair.first],
      then: pair.next,
      gap: [pair.gap_early_days, pair.gap_days, pair.gap_late_days],
    }))
  }
  return sortedGoods(answer.rules, sort, isRising).map((rule) => ({
    ...rule,
    key: key([...rule.antecedent, rule.consequent]),
    bought: rule.antecedent,
    then: rule.consequent,
    n_first: rule.n_antecedent,
    n_reverse: null,
    gap: undefined,
  }))
}

function Answer({ tab, answer, isStale, sort, isRising, onSort, onPeople }: Props & { answer: TogetherAnswer | NextAnswer; isStale: boolean }) {
  const { t } = useTranslation()
  const { lang } = useSettings()
  const format = useFormat()
  const titles = useTitles()
  const isNext = tab === 'next'
  const rows = useMemo(() => rowsOf(answer, sort, isRising), [answer, sort, isRising])
  const chance = (q: number) => (q < 0.001 ? t('goods.q_small') : format.ratio(q))
  const decimals = (value: number) => value.toFixed(2)
  const part = (row: Row, which: 'both' | 'left'): GoodsPart => ({ of: tab, antecedent: row.bought.map((good) => good.id), consequent: row.then.id, which })
  const people = (row: Row, which: 'both' | 'left', n: number | null) =>
    n ? (
      <button type="button" className="zk-link-button zk-figures" aria-label={`${titles.people(part(row, which))} ${format.people(n)}`} onClick={() => onPeople(part(row, which))}>
        {format.people(n)}
      </button>
    ) : (
      format.people(n)
    )
  const sorting = (key: GoodsSort, title: string) => {
    const isOn = key === sort
    return { is: !isOn ? 'none' : isRising ? 'ascending' : 'descending', label: t('goods.sort_by', { column: title }), onSort: () => onSort(key, isOn && !isRising ? true : undefined) } as const
  }
  const sortable = (key: GoodsSort, title: string, cell: (row: Row) => string): Column<Row> => ({ key, title, align: 'right', cell, sort: sorting(key, title) })
  const left = isNext ? t('goods.left_lately') : t('goods.left')
  const columns: Column<Row>[] = [
    { key: 'bought', title: t(isNext ? 'goods.first' : 'goods.bought'), isHead: true, cell: (row) => row.bought.map(titleOf).join(t('goods.and')) },
    { key: 'then', title: t(isNext ? 'goods.then' : 'goods.also'), phone: 'line', cell: (row) => titleOf(row.then) },
    sortable('both', t(isNext ? 'goods.both_next' : 'goods.both'), (row) => format.count(row.n_both)),
    sortable('confidence', t('goods.confidence'), (row) => format.ratioColumn(row.confidence)),
    sortable('lift', t('goods.lift'), (row) => decimals(row.lift)),
    sortable('beyond', t('goods.beyond'), (row) => format.count(Math.round(row.n_beyond))),
    { key: 'q', title: t('goods.q'), align: 'right', cell: (row) => chance(row.q) },
    ...(isNext
      ? [
          { key: 'gap', title: t('goods.gap_column'), align: 'right', cell: (row: Row) => (row.gap ? t('goods.gap_says', { low: row.gap[0], middle: row.gap[1], high: row.gap[2] }) : '--') } satisfies Column<Row>,
          { key: 'reverse', title: t('goods.reverse'), align: 'right', cell: (row: Row) => format.people(row.n_reverse) } satisfies Column<Row>,
        ]
      : []),
    { key: 'people', title: t('goods.people'), align: 'right', cell: (row) => people(row, 'both', row.n_people) },
    { key: 'left', title: left, align: 'right', cell: (row) => people(row, 'left', row.n_left), sort: sorting('left', left) },
  ]
  const title = t(isNext ? 'goods.next' : 'goods.together')
  const numbers = () => ({
    head: [t('goods.bought'), t('goods.also'), t('goods.both'), t('goods.of_first'), t('goods.confidence'), t('goods.lift'), t('goods.beyond'), t('goods.q'), t('goods.people'), left],
    rows: rows.map((row) => [row.bought.map(titleOf).join(' + '), titleOf(row.then), row.n_both, row.n_first, row.confidence, row.lift, row.n_beyond, row.q, row.n_people, row.n_left]),
  })
  const kept = 'pairs' in answer ? answer.n_pairs : answer.n_rules
  return (
    <>
      <Means head={answer.head} />
      <Figures answer={answer} />
      {rows.length === 0 && (
        <Card>
          <Notice title={t(answer.n_goods === 0 ? 'goods.none_level' : 'goods.none')} help={t(answer.n_goods === 0 ? 'goods.none_level_help' : 'goods.none_help')} />
        </Card>
      )}
      {rows.length > 0 && (
        <>
          <Card title={t(isNext ? 'goods.chart_next' : 'goods.chart')} isStale={isStale}>
            <Bars answer={answer} description={lang === 'zh' ? answer.head.meaning_zh : answer.head.meaning} onOpen={(row) => onPeople(part(row, 'both'))} />
          </Card>
          <Card title={title} hint={t(isNext ? 'goods.next_hint' : 'goods.together_hint')} isStale={isStale}>
            <DataTable caption={title} rows={rows} rowKey={(row) => row.key} columns={columns} maxHeight={560} />
            <Save title={title} numbers={numbers} />
            <p className="zk-muted">{t('goods.tried', { tried: format.count(answer.n_tried), kept: format.count(kept), shown: format.count(rows.length) })}</p>
            <details className="zk-depth">
              <summary>{t('goods.depth')}</summary>
              <p className="zk-muted">{t('goods.depth_help')}</p>
            </details>
          </Card>
        </>
      )}
    </>
  )
}

function Figures({ answer }: { answer: TogetherAnswer | NextAnswer }) {
  const { t } = useTranslation()
  const format = useFormat()
  const figures: [string, string][] =
    'pairs' in answer
      ? [
          [t('goods.numbers_days'), format.people(answer.n_days)],
          [t('goods.numbers_people'), format.people(answer.n_people)],
          [t('goods.numbers_goods'), format.count(answer.n_goods)],
        ]
      : [
          [t('goods.numbers_orders'), format.people(answer.n_orders)],
          [t('goods.numbers_without'), format.people(answer.n_without)],
          [t('goods.numbers_baskets'), format.people(answer.n_baskets)],
          [t('goods.numbers_single'), format.people(answer.n_single)],
          [t('goods.numbers_people'), format.people(answer.n_people)],
          [t('goods.numbers_goods'), format.count(answer.n_goods)],
        ]
  return <Facts facts={figures} />
}

/** The rules with most beyond chance, whatever the table is sorted by: what chance would give, and what comes on top. */
function Bars({ answer, description, onOpen }: { answer: TogetherAnswer | NextAnswer; description: string; onOpen: (row: Row) => void }) {
  const { t } = useTranslation()
  const format = useFormat()
  const titles = useTitles()
  const isNext = 'pairs' in answer
  const rows = useMemo(() => rowsOf(answer, 'beyond', false).slice(0, DRAWN), [answer])
  const title = t(isNext ? 'goods.chart_next' : 'goods.chart')
  const both = t(isNext ? 'goods.both_next' : 'goods.both')
  const names = rows.map((row) => titles.rule(row.bought, row.then))
  const tip = (at: number) => {
    const row = rows[at]
    if (!row) return ''
    return [names[at], `${both}  ${format.count(row.n_both)}`, `${t('goods.by_chance')}  ${format.count(Math.round(row.n_both - row.n_beyond))}`, `${t('goods.confidence')}  ${format.ratio(row.confidence)}`, `${t('goods.lift')}  ${row.lift.toFixed(2)}`].join('\n')
  }
  const bars: Bar[] = [
    { name: t('goods.by_chance'), values: rows.map((row) => Math.round(row.n_both - row.n_beyond)), colour: 'series-1', isFaint: true },
    { name: t('goods.beyond'), values: rows.map((row) => Math.round(row.n_beyond)), colour: 'series-1' },
  ]
  const axis = { name: both, write: (value: number) => format.countShort(value) }
  return (
    <Chart
      title={title}
      description={description}
      option={(palette: Palette) => barsOption(palette, names, bars, axis, tip)}
      n={rows.length}
      read={(index) => tip(index).replaceAll('\n', '，')}
      height={280}
      onOpen={(index) => {
        const row = rows[index]
        if (row) onOpen(row)
      }}
      numbers={() => ({ head: [t('goods.bought'), t('goods.also'), both, t('goods.by_chance')], rows: rows.map((row) => [row.bought.map(titleOf).join(' + '), titleOf(row.then), row.n_both, row.n_both - row.n_beyond]) })}
    />
  )
}
