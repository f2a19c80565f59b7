// 触达时机: when and by which channel customers answer, whether choosing the hour helps, and the moment for each customer.
import { useQuery } from '@tanstack/react-query'
import { Button, Segmented } from 'antd'
import { lazy, Suspense, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { momentsQuery, type HourRate, type MomentsAnswer } from '../../api/moments'
import { useMay } from '../../app/session'
import { useFormat } from '../../app/workspace'
import { Save } from '../../charts/Chart'
import { Card } from '../../ui/Card'
import { DataTable, type Column } from '../../ui/DataTable'
import { Facts } from '../../ui/Facts'
import { Notice } from '../../ui/states'
import { Means } from '../insight/Answer'
import type { TabProps } from './CampaignsPage'
import { HourGrid } from './HourGrid'
import { useHour } from './hours'
import { Ready } from './shared'

const ChosenSheet = lazy(() => import('./Chosen'))

export default function Moments({ question, onAnswer }: TabProps) {
  const query = useQuery(momentsQuery(question))
  return (
    <Ready query={query} onAnswer={onAnswer}>
      {(answer) => <Answer answer={answer} question={question} isStale={query.isPlaceholderData} />}
    </Ready>
  )
}

function Answer({ answer, question, isStale }: { answer: MomentsAnswer; question: TabProps['question']; isStale: boolean }) {
  const { t } = useTranslation()
  const format = useFormat()
  const hourName = useHour()
  const mayList = useMay('profiles.list')
  const [channel, setChannel] = useState(0)
  const [isOpen, setOpen] = useState(false)
  const name = (at: number) => answer.channels[at]?.channel ?? t('campaigns.not_said')
  const { grade, n_messages: n } = answer
  if (n === 0) {
    return (
      <>
        <Means head={answer.head} />
        <Card>
          <Notice title={t('campaigns.moments_none')} help={t('campaigns.moments_none_help')} />
        </Card>
      </>
    )
  }
  const range = (one: { value: number; low: number; high: number }) => t('campaigns.moments_range', { value: format.ratio(one.value), low: format.ratio(one.low), high: format.ratio(one.high) })
  const verdict = (isBetter: boolean | null) => (isBetter === null ? 'unclear' : isBetter ? 'better' : 'worse')
  const share = (one: HourRate) => one.n_answered / Math.max(one.n, 1)
  const columns: Column<HourRate>[] = [
    { key: 'hour', title: t('campaigns.moment'), isHead: true, cell: (one) => hourName(one.hour) },
    { key: 'channel', title: t('campaigns.by_channel'), cell: (one) => name(one.channel) },
    { key: 'n', title: t('campaigns.messages'), align: 'right', cell: (one) => format.count(one.n) },
    { key: 'rate', title: t('campaigns.moments_rate'), align: 'right', cell: (one) => format.ratioColumn(share(one)) },
    { key: 'more', title: t('campaigns.moments_more'), align: 'right', cell: (one) => (one.difference == null ? '--' : format.points(one.difference)) },
  ]
  const shown = answer.hours.filter((one) => one.channel === channel)
  const title = t('campaigns.moments_grid')
  return (
    <>
      <Means head={answer.head} />
      <Facts
        facts={[
          [t('campaigns.messages'), format.people(n)],
          [t('campaigns.people'), format.people(answer.n_people)],
          [t('campaigns.moments_drawn'), format.people(answer.n_drawn)],
          ...(grade
            ? ([
                [t('campaigns.moments_as_sent'), range(grade.drawn)],
                [t('campaigns.moments_chosen'), range(grade.chosen)],
                [t('campaigns.moments_verdict'), t(`campaigns.moments_${verdict(grade.is_better)}`)],
              ] as [string, string][])
            : []),
        ]}
      />
      <Card
        title={title}
        hint={t('campaigns.moments_hint')}
        isStale={isStale}
        extra={
          mayList && (
            <Button size="small" onClick={() => setOpen(true)}>
              {t('campaigns.moments_people')}
            </Button>
          )
        }
      >
        {answer.channels.length > 1 && <Segmented aria-label={t('campaigns.by_channel')} value={channel} onChange={setChannel} options={answer.channels.map((_, at) => ({ value: at, label: name(at) }))} />}
        <HourGrid title={`${title} ${name(channel)}`} hours={shown} />
        <Save title={title} numbers={() => ({ head: [t('campaigns.moment'), t('campaigns.by_channel'), t('campaigns.messages'), t('campaigns.moments_rate'), t('campaigns.moments_believed')], rows: answer.hours.map((one) => [hourName(one.hour), name(one.channel), one.n, share(one), one.believed]) })} />
        <details className="zk-depth">
          <summary>{t('campaigns.depth')}</summary>
          <p className="zk-muted">{t('campaigns.depth_moments')}</p>
        </details>
      </Card>
      <Card title={t('campaigns.moments_best')} hint={t('campaigns.moments_best_hint')} isStale={isStale}>
        {answer.best.length === 0 && <Notice title={t('campaigns.moments_best_none')} />}
        {answer.best.length > 0 && <DataTable caption={t('campaigns.moments_best')} rows={answer.best} rowKey={(one) => `${one.channel}-${one.hour}`} columns={columns} />}
      </Card>
      {isOpen && (
        <Suspense>
          <ChosenSheet question={question} onClose={() => setOpen(false)} />
        </Suspense>
      )}
    </>
  )
}
