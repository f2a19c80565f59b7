// What is said of satisfaction: its meaning, the line, groups, drivers, and the loop of the dissatisfied.
import { useTranslation } from 'react-i18next'
import type { Satisfaction, ScoreChange, Which } from '../../api/satisfaction'
import type { View } from '../../app/search'
import { useSettings } from '../../app/settings'
import { useFormat } from '../../app/workspace'
import { ChartOrTable, Save, ViewSwitch, type Palette } from '../../charts/Chart'
import { Card } from '../../ui/Card'
import { DataTable } from '../../ui/DataTable'
import { Facts } from '../../ui/Facts'
import { Notice } from '../../ui/states'
import { Means } from '../insight/Answer'
import { scoreOption } from './option'
import type { SatisfactionJson } from './question'

type Props = { answer: Satisfaction; spec: SatisfactionJson; view: View; isStale: boolean; onView: (view: View) => void; onPeople: (which: Which) => void }

const points = (value: number | null | undefined) => (value == null ? '--' : value.toFixed(1))
const signed = (value: number) => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(1)}`

export function Answer({ answer, spec, view, isStale, onView, onPeople }: Props) {
  const { t } = useTranslation()
  if (answer.all.n === 0) {
    return (
      <Card>
        <Notice title={t('satisfaction.none')} help={t('satisfaction.none_help')} />
      </Card>
    )
  }
  return (
    <>
      <Means head={answer.head} />
      <Figures answer={answer} />
      <Loop answer={answer} onPeople={onPeople} />
      <Periods answer={answer} view={view} isStale={isStale} onView={onView} />
      {spec.dimension && <Groups answer={answer} isStale={isStale} />}
      <Drivers answer={answer} isStale={isStale} />
    </>
  )
}

function Figures({ answer }: { answer: Satisfaction }) {
  const { t } = useTranslation()
  const format = useFormat()
  const { all, before, change, weighted } = answer
  const facts: [string, string][] = [
    [t('satisfaction.score'), points(all.score)],
    [t('satisfaction.range'), all.low == null ? '--' : `${points(all.low)} ～ ${points(all.high)}`],
    [t('satisfaction.n'), format.people(all.n)],
    [t('satisfaction.before'), points(before.score)],
    [t('satisfaction.change'), change ? `${signed(change.value)} · ${t(`satisfaction.verdict.${change.verdict as 'up'}`)}` : '--'],
  ]
  if (weighted != null) facts.push([t('satisfaction.weighted'), points(weighted)])
  if (answer.n_off > 0) facts.push([t('satisfaction.off'), format.count(answer.n_off)])
  return <Facts facts={facts} />
}

function Loop({ answer, onPeople }: { answer: Satisfaction; onPeople: (which: Which) => void }) {
  const { t } = useTranslation()
  const format = useFormat()
  const { loop } = answer
  const cells = [
    ['overdue', loop.n_overdue],
    ['waiting', loop.n_waiting],
    ['late', loop.n_late],
    ['kept', loop.n_kept],
  ] as const
  return (
    <Card title={t('satisfaction.loop')} hint={t('satisfaction.loop_hint', { n: loop.promised_hours })}>
      {loop.n === 0 && <Notice title={t('satisfaction.loop_none')} />}
      {loop.n !== 0 && (
        <ul className="zk-loop">
          {cells.map(([which, n]) => (
            <li key={which} className={which === 'overdue' && n ? 'zk-worse' : ''}>
              <span>{t(`satisfaction.${which}`)}</span>
              {n ? (
                <button type="button" className="zk-link-button zk-figures" aria-label={`${t(`satisfaction.${which}`)} ${format.people(n)}`} onClick={() => onPeople(which)}>
                  {format.people(n)}
                </button>
              ) : (
                <span className="zk-figures">{format.people(n)}</span>
              )}
            </li>
          ))}
          <li>
            <span>{t('satisfaction.unknown')}</span>
            <span className="zk-figures">{format.people(loop.n_unknown)}</span>
          </li>
        </ul>
      )}
      <p>
        <button type="button" className="zk-link-button" onClick={() => onPeople('dissatisfied')}>
          {t('satisfaction.dissatisfied')}
        </button>
        {' · '}
        <button type="button" className="zk-link-button" onClick={() => onPeople('content')}>
          {t('satisfaction.content')}
        </button>
      </p>
    </Card>
  )
}

function Periods({ answer, view, isStale, onView }: { answer: Satisfaction; view: View; isStale: boolean; onView: (view: View) => void }) {
  const { t } = useTranslation()
  const { lang } = useSettings()
  const format = useFormat()
  const { periods } = answer
  const tip = (index: number) => {
    const one = periods[index]
    if (!one) return ''
    return [one.period, `${t('satisfaction.score')}  ${points(one.score)}`, `${t('satisfaction.range')}  ${points(one.low)} ～ ${points(one.high)}`, `${t('satisfaction.n')}  ${format.people(one.n)}`].join('\n')
  }
  const title = t('satisfaction.chart')
  return (
    <Card title={title} extra={<ViewSwitch view={view} onChange={onView} />} isStale={isStale}>
      <ChartOrTable
        view={view}
        title={title}
        description={lang === 'zh' ? answer.head.meaning_zh : answer.head.meaning}
        option={(palette: Palette) => scoreOption(palette, periods, { name: t('satisfaction.score'), write: (value) => String(value) }, tip)}
        n={periods.length}
        read={(index) => tip(index).replaceAll('\n', '，')}
        legend={[
          { name: t('satisfaction.score'), colour: 'series-1' },
          { name: t('satisfaction.range'), colour: 'series-6', kind: 'bar' },
        ]}
        height={260}
        numbers={() => ({
          head: [t('satisfaction.period'), t('satisfaction.n'), t('satisfaction.score'), t('satisfaction.low'), t('satisfaction.high')],
          rows: periods.map((one) => [one.period, one.n, one.score, one.low, one.high]),
        })}
        table={
          <DataTable
            caption={t('satisfaction.periods')}
            rows={periods}
            rowKey={(one) => one.period}
            keepsColumns
            maxHeight={360}
            columns={[
              { key: 'period', title: t('satisfaction.period'), isHead: true, cell: (one) => one.period },
              { key: 'n', title: t('satisfaction.n'), align: 'right', cell: (one) => format.people(one.n) },
              { key: 'score', title: t('satisfaction.score'), align: 'right', cell: (one) => points(one.score) },
              { key: 'range', title: t('satisfaction.range'), align: 'right', cell: (one) => `${points(one.low)} ～ ${points(one.high)}` },
            ]}
          />
        }
      />
    </Card>
  )
}

/** A difference in words: by how much, between which, and whether it is one. */
function Differs({ change, q }: { change: ScoreChange | null; q: number | null }) {
  const { t } = useTranslation()
  if (!change) return '--'
  const isOne = q !== null && q < 0.05 && (change.verdict === 'up' || change.verdict === 'down')
  return (
    <>
      <span className="zk-figures">{t('satisfaction.differs_says', { value: signed(change.value), low: signed(change.low), high: signed(change.high) })}</span>{' '}
      <span className={isOne ? `zk-change zk-${change.verdict === 'up' ? 'better' : 'worse'}` : 'zk-muted'}>{t(`satisfaction.verdict.${isOne || change.verdict === 'same' ? (change.verdict as 'up') : 'unclear'}`)}</span>
    </>
  )
}

function Groups({ answer, isStale }: { answer: Satisfaction; isStale: boolean }) {
  const { t } = useTranslation()
  const format = useFormat()
  const title = t('satisfaction.groups')
  return (
    <Card title={title} isStale={isStale}>
      <DataTable
        caption={title}
        rows={answer.groups}
        rowKey={(one) => one.value ?? ''}
        maxHeight={420}
        columns={[
          { key: 'value', title: t('satisfaction.group'), isHead: true, cell: (one) => one.value ?? t('satisfaction.missing') },
          { key: 'n', title: t('satisfaction.n'), align: 'right', cell: (one) => format.people(one.n) },
          { key: 'score', title: t('satisfaction.score'), align: 'right', cell: (one) => points(one.score) },
          { key: 'range', title: t('satisfaction.range'), align: 'right', cell: (one) => `${points(one.low)} ～ ${points(one.high)}` },
          { key: 'differs', title: t('satisfaction.differs'), phone: 'line', cell: (one) => <Differs change={one.differs ?? null} q={one.q ?? null} /> },
        ]}
      />
      <Save title={title} numbers={() => ({ head: [t('satisfaction.group'), t('satisfaction.n'), t('satisfaction.score'), t('satisfaction.low'), t('satisfaction.high')], rows: answer.groups.map((one) => [one.value ?? t('satisfaction.missing'), one.n, one.score, one.low, one.high]) })} />
    </Card>
  )
}

function Drivers({ answer, isStale }: { answer: Satisfaction; isStale: boolean }) {
  const { t } = useTranslation()
  const format = useFormat()
  const title = t('satisfaction.drivers')
  const chance = (q: number) => (q < 0.001 ? t('satisfaction.q_small') : format.ratio(q))
  return (
    <Card title={title} hint={t('satisfaction.drivers_hint')} isStale={isStale}>
      {answer.drivers.length === 0 && <Notice title={t('satisfaction.drivers_none')} help={t('satisfaction.drivers_none_help')} />}
      {answer.drivers.length > 0 && (
        <>
          <DataTable
            caption={title}
            rows={answer.drivers}
            rowKey={(one) => one.topic}
            maxHeight={420}
            columns={[
              { key: 'topic', title: t('satisfaction.topic'), isHead: true, cell: (one) => one.topic },
              { key: 'n', title: t('satisfaction.n'), align: 'right', cell: (one) => format.count(one.n) },
              { key: 'score', title: t('satisfaction.with_topic'), align: 'right', cell: (one) => points(one.score) },
              { key: 'differs', title: t('satisfaction.differs'), phone: 'line', cell: (one) => <Differs change={one.differs} q={one.q} /> },
              { key: 'weight', title: t('satisfaction.weight'), align: 'right', cell: (one) => signed(one.weight) },
              { key: 'q', title: t('satisfaction.q'), align: 'right', cell: (one) => chance(one.q) },
            ]}
          />
          <Save title={title} numbers={() => ({ head: [t('satisfaction.topic'), t('satisfaction.n'), t('satisfaction.with_topic'), t('satisfaction.weight'), t('satisfaction.q')], rows: answer.drivers.map((one) => [one.topic, one.n, one.score, one.weight, one.q]) })} />
        </>
      )}
      <details className="zk-depth">
        <summary>{t('satisfaction.depth')}</summary>
        <p className="zk-muted">{t('satisfaction.depth_help')}</p>
      </details>
    </Card>
  )
}
