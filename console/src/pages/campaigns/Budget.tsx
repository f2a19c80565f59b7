// 预算: what weekly money in channels brought, and how it might be divided.
import { useQuery } from '@tanstack/react-query'
import type { EChartsCoreOption } from 'echarts/core'
import { useTranslation } from 'react-i18next'
import { budgetQuery, type BudgetAnswer } from '../../api/campaigns'
import { useSettings } from '../../app/settings'
import { useFormat } from '../../app/workspace'
import { baseOption, Chart, Save, type Palette } from '../../charts/Chart'
import { Card } from '../../ui/Card'
import { DataTable, type Column } from '../../ui/DataTable'
import { Notice } from '../../ui/states'
import { Means } from '../insight/Answer'
import { barsOption } from '../insight/bars'
import type { TabProps } from './CampaignsPage'
import { Ready } from './shared'

const COLOURS = ['series-1', 'series-2', 'series-3', 'series-4', 'series-5', 'series-6'] as const

export default function Budget(props: TabProps) {
  const query = useQuery(budgetQuery(props.question))
  return (
    <Ready query={query} onAnswer={props.onAnswer}>
      {(answer) => <Answer answer={answer} isStale={query.isPlaceholderData} />}
    </Ready>
  )
}

type Channel = BudgetAnswer['channels'][number]

function curvesOption(palette: Palette, labels: readonly string[], channels: readonly Channel[], axis: { name: string; write: (value: number) => string }, tip: (at: number) => string): EChartsCoreOption {
  return {
    ...baseOption(palette, labels, axis, tip),
    series: channels.map((channel, at) => ({ type: 'line', showSymbol: false, emphasis: { disabled: true }, name: channel.channel, data: channel.points.map((point) => point.brings), itemStyle: { color: palette[COLOURS[at % COLOURS.length] ?? 'series-1'] }, lineStyle: { color: palette[COLOURS[at % COLOURS.length] ?? 'series-1'], width: 2.2 } })),
  }
}

function Answer({ answer, isStale }: { answer: BudgetAnswer; isStale: boolean }) {
  const { t } = useTranslation()
  const { lang } = useSettings()
  const format = useFormat()
  const says = lang === 'zh' ? answer.head.meaning_zh : answer.head.meaning
  const money = (value: number | null | undefined) => (value == null ? '--' : format.moneyShort(value.toFixed(2)))
  const range = (low: number | null | undefined, high: number | null | undefined) => (low == null || high == null ? '--' : t('campaigns.range', { low: money(low), high: money(high) }))
  const columns: Column<Channel>[] = [
    { key: 'channel', title: t('campaigns.channel'), isHead: true, cell: (row) => row.channel },
    { key: 'present', title: t('campaigns.present'), align: 'right', cell: (row) => money(row.present) },
    { key: 'brings', title: t('campaigns.brings'), align: 'right', cell: (row) => money(row.brings) },
    { key: 'margin', title: t('campaigns.margin'), align: 'right', cell: (row) => (row.margin == null ? '--' : format.money(row.margin.toFixed(2))) },
    { key: 'proposed', title: t('campaigns.proposed'), align: 'right', cell: (row) => money(row.proposed) },
    { key: 'range', title: t('campaigns.proposed_range'), align: 'right', phone: 'line', cell: (row) => range(row.proposed_low, row.proposed_high) },
  ]
  const title = t('campaigns.proposal')
  const names = answer.channels.map((channel) => channel.channel)
  const bars = [
    { name: t('campaigns.present'), values: answer.channels.map((channel) => channel.present), colour: 'series-2' as const },
    { name: t('campaigns.proposed'), values: answer.channels.map((channel) => channel.proposed ?? null), colour: 'series-1' as const },
  ]
  const tip = (at: number) => {
    const channel = answer.channels[at]
    return channel ? [names[at], `${t('campaigns.present')}  ${money(channel.present)}`, `${t('campaigns.proposed')}  ${money(channel.proposed)}`, `${t('campaigns.proposed_range')}  ${range(channel.proposed_low, channel.proposed_high)}`].join('\n') : ''
  }
  const curves = answer.channels.filter((channel) => channel.points.length > 0)
  const labels = (curves[0]?.points ?? []).map((_, at, all) => format.ratio((2 * at) / (all.length - 1)))
  const curveTip = (at: number) => [labels[at], ...curves.map((channel) => `${channel.channel}  ${money(channel.points[at]?.spend)} → ${money(channel.points[at]?.brings)}（${range(channel.points[at]?.low, channel.points[at]?.high)}）`)].join('\n')
  return (
    <>
      <Means head={answer.head} />
      {answer.channels.length === 0 ? (
        <Card>
          <Notice title={t('campaigns.no_proposal')} help={says} />
        </Card>
      ) : (
        <>
          <Card title={t('campaigns.proposal_chart')} isStale={isStale}>
            <Chart title={t('campaigns.proposal_chart')} description={says} option={(palette: Palette) => barsOption(palette, names, bars, { name: t('campaigns.a_week'), write: (value) => format.moneyShort(value) }, tip, false)} n={names.length} read={(at) => tip(at).replaceAll('\n', '，')} legend={bars.map((bar) => ({ name: bar.name, colour: bar.colour, kind: 'bar' }))} />
          </Card>
          <Card title={title} hint={t('campaigns.proposal_hint', { n: answer.n_weeks })} isStale={isStale}>
            <DataTable caption={title} rows={answer.channels} rowKey={(row) => row.channel} columns={columns} />
            <Save title={title} numbers={() => ({ head: [t('campaigns.channel'), t('campaigns.present'), t('campaigns.brings'), t('campaigns.margin'), t('campaigns.proposed'), t('campaigns.low'), t('campaigns.high')], rows: answer.channels.map((row) => [row.channel, row.present, row.brings, row.margin, row.proposed, row.proposed_low, row.proposed_high]) })} />
            <details className="zk-depth">
              <summary>{t('campaigns.depth')}</summary>
              <p className="zk-muted">{t('campaigns.depth_budget')}</p>
            </details>
          </Card>
          {curves.length > 0 && (
            <Card title={t('campaigns.curves')} hint={t('campaigns.curves_hint')} isStale={isStale}>
              <Chart title={t('campaigns.curves')} description={says} option={(palette: Palette) => curvesOption(palette, labels, curves, { name: t('campaigns.brings'), write: (value) => format.moneyShort(value) }, curveTip)} n={labels.length} read={(at) => curveTip(at).replaceAll('\n', '，')} legend={curves.map((channel, at) => ({ name: channel.channel, colour: COLOURS[at % COLOURS.length] ?? 'series-1' }))} />
            </Card>
          )}
        </>
      )}
    </>
  )
}
