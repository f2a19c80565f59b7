// 归因: to which channels or campaigns orders are credited, in eight ways side by side.
import { useQuery } from '@tanstack/react-query'
import { Segmented } from 'antd'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { attributionQuery, type AttributionAnswer } from '../../api/campaigns'
import { useSettings } from '../../app/settings'
import { useFormat } from '../../app/workspace'
import { Chart, Save, type Palette } from '../../charts/Chart'
import { Card } from '../../ui/Card'
import { DataTable, type Column } from '../../ui/DataTable'
import { Notice } from '../../ui/states'
import { Means } from '../insight/Answer'
import { barsOption } from '../insight/bars'
import type { TabProps } from './CampaignsPage'
import { Ready, usePeople } from './shared'

/** Channels drawn, and the ways they are drawn in. */
const DRAWN = 10
const WAYS = ['first', 'last', 'last_non_direct', 'linear', 'u_shape', 'time_decay', 'markov', 'shapley'] as const
const DRAWN_WAYS = [
  ['first', 'series-3'],
  ['last', 'series-2'],
  ['linear', 'series-1'],
  ['markov', 'series-4'],
] as const

type Channel = AttributionAnswer['channels'][number]
type Row = { key: string | undefined; title: string; n_contacts: number | undefined; n_people: number | null | undefined; credits: Channel['credits'] }

export default function Attribution(props: TabProps) {
  const query = useQuery(attributionQuery(props.question))
  return (
    <Ready query={query} onAnswer={props.onAnswer}>
      {(answer) => <Answer {...props} answer={answer} isStale={query.isPlaceholderData} />}
    </Ready>
  )
}

function Answer({ answer, isStale, onPeople }: TabProps & { answer: AttributionAnswer; isStale: boolean }) {
  const { t } = useTranslation()
  const { lang } = useSettings()
  const format = useFormat()
  const people = usePeople(onPeople)
  const [measure, setMeasure] = useState<'orders' | 'revenue'>('orders')
  const titleOf = (channel: Channel) => (channel.key === 'direct' ? t('campaigns.direct') : channel.key === 'other' ? t('campaigns.other') : (channel.name ?? channel.key))
  const write = (value: number | undefined) => (value === undefined ? '--' : measure === 'orders' ? value.toFixed(1).replace('-', '−') : format.moneyShort(value.toFixed(2)))
  const rows: Row[] = [
    ...answer.channels.map((channel) => ({ ...channel, title: titleOf(channel), n_contacts: channel.n_contacts })),
    { key: undefined, title: t('campaigns.which_nobody'), n_contacts: undefined, n_people: answer.n_nobody, credits: answer.nobody },
  ]
  const value = (row: Row, at: number) => row.credits[at]?.[measure]
  const columns: Column<Row>[] = [
    { key: 'name', title: t(`campaigns.by_${answer.by as 'campaign'}`), isHead: true, cell: (row) => row.title },
    { key: 'contacts', title: t('campaigns.contacts'), align: 'right', cell: (row) => (row.n_contacts === undefined ? '--' : format.count(row.n_contacts)) },
    { key: 'people', title: t('campaigns.people'), align: 'right', cell: (row) => people({ of: 'attribution', key: row.key, which: 'credited' }, row.title, row.n_people, t('campaigns.people')) },
    ...WAYS.map((way, at): Column<Row> => ({ key: way, title: t(`campaigns.way_${way}`), align: 'right', cell: (row) => write(value(row, at)) })),
  ]
  const drawn = answer.channels.slice(0, DRAWN)
  const names = drawn.map(titleOf)
  const bars = DRAWN_WAYS.map(([way, colour]) => ({ name: t(`campaigns.way_${way}`), colour, values: drawn.map((channel) => channel.credits[WAYS.indexOf(way)]?.[measure] ?? null) }))
  const tip = (at: number) => [names[at], ...bars.map((bar) => `${bar.name}  ${write(bar.values[at] ?? undefined)}`)].join('\n')
  const axis = { name: t(`campaigns.measure_${measure}`), write: (n: number) => (measure === 'orders' ? format.countShort(n) : format.moneyShort(n)) }
  const title = t('campaigns.credit')
  const numbers = () => ({ head: [t('campaigns.channel'), t('campaigns.contacts'), t('campaigns.people'), ...WAYS.map((way) => t(`campaigns.way_${way}`))], rows: rows.map((row) => [row.title, row.n_contacts, row.n_people, ...WAYS.map((_, at) => value(row, at))]) })
  const chooser = <Segmented aria-label={t('campaigns.measure')} size="small" value={measure} onChange={setMeasure} options={(['orders', 'revenue'] as const).map((key) => ({ value: key, label: t(`campaigns.measure_${key}`) }))} />
  return (
    <>
      <Means head={answer.head} />
      {!answer.total || answer.total.orders === 0 ? (
        <Card>
          <Notice title={t('campaigns.no_orders')} />
        </Card>
      ) : (
        <>
          {drawn.length > 0 && (
            <Card title={t('campaigns.credit_chart')} isStale={isStale} extra={chooser}>
              <Chart
                title={t('campaigns.credit_chart')}
                description={lang === 'zh' ? answer.head.meaning_zh : answer.head.meaning}
                option={(palette: Palette) => barsOption(palette, names, bars, axis, tip, false)}
                n={drawn.length}
                read={(index) => tip(index).replaceAll('\n', '，')}
                legend={bars.map((bar) => ({ name: bar.name, colour: bar.colour, kind: 'bar' }))}
                onOpen={(at) => drawn[at] && onPeople({ of: 'attribution', key: drawn[at].key, which: 'credited' })}
              />
            </Card>
          )}
          <Card title={title} hint={t('campaigns.credit_hint')} isStale={isStale}>
            <DataTable caption={title} rows={rows} rowKey={(row) => `row-${row.key ?? ''}-${row.key === undefined}`} columns={columns} maxHeight={560} />
            <Save title={title} numbers={numbers} />
            <details className="zk-depth">
              <summary>{t('campaigns.depth')}</summary>
              <p className="zk-muted">{t('campaigns.depth_credit')}</p>
            </details>
          </Card>
        </>
      )}
    </>
  )
}
