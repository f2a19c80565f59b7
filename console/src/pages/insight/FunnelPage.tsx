// 漏斗: at which step are people lost, and where did they go?
import { PlusOutlined } from '@ant-design/icons'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { Button, Checkbox } from 'antd'
import { lazy, Suspense, useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { analysisQuery, type PartJson } from '../../api/analysis'
import type { FunnelAnswer, FunnelStep } from '../../api/types'
import { ContextBar } from '../../app/ContextBar'
import { useSettings } from '../../app/settings'
import { useFormat } from '../../app/workspace'
import { ChartOrTable, ViewSwitch, type LegendItem, type Palette } from '../../charts/Chart'
import { Card } from '../../ui/Card'
import { DataTable, type Column } from '../../ui/DataTable'
import { Page } from '../../ui/Page'
import { ErrorNotice, Notice, Skeleton } from '../../ui/states'
import { useBeside } from '../../ui/beside'
import { FigureButton } from './FigureButton'
import { Means } from './Answer'
import { barsOption, type Bar } from './bars'
import { BreakdownField, Pick, Question, ScopeFields, StepFields, Within } from './fields'
import { isWhole, partValue, sent, type FunnelJson, type StepJson } from './question'
import { lengthOf, partName } from './words'

const route = getRouteApi('/insight/funnel')
const People = lazy(() => import('./People'))
const COLOURS = ['series-1', 'series-2', 'series-3', 'series-4', 'series-5', 'series-6', 'text-2', 'border-strong'] as const

export default function FunnelPage() {
  const { t } = useTranslation()
  const { spec, part } = route.useSearch()
  const navigate = route.useNavigate()
  const query = useQuery(analysisQuery('funnel', sent(spec)))
  const set = (next: PartJson | undefined) => void navigate({ search: (old) => ({ ...old, part: next }), resetScroll: false })
  const { opened, close } = useBeside(() => set(undefined))
  const names = useStepNames(query.data)
  const at = Number(part?.step)
  const to = names[at - 1] ?? ''
  const title = part?.lost === true ? t('insight.lost_at', { from: names[at - 2] ?? '', to }) : t('insight.reached_step', { step: to })
  return (
    <Page title={t('insight.funnel')} question={t('insight.funnel_question')}>
      <ContextBar />
      <Asked key={JSON.stringify(spec)} asked={spec} answer={query.data} onAsk={(next) => void navigate({ search: (old) => ({ ...old, spec: next, part: undefined }), resetScroll: false })} />
      {query.isPending && <Card><Skeleton rows={1} height={320} /></Card>}
      {query.isError && <Card><ErrorNotice error={query.error} onRetry={() => void query.refetch()} /></Card>}
      {query.data && !query.isError && (
        <Steps
          answer={query.data}
          asked={spec}
          isStale={query.isPlaceholderData}
          onPeople={(next) => {
            opened()
            set(next)
          }}
        />
      )}
      {part && query.data && (
        <Suspense>
          <People kind="funnel" spec={query.data.head.spec} part={part} title={title} onClose={close} />
        </Suspense>
      )}
    </Page>
  )
}

function useStepNames(answer: FunnelAnswer | undefined): string[] {
  const { lang } = useSettings()
  return useMemo(() => (answer?.steps ?? []).map((step) => (lang === 'zh' ? step.name_zh : step.name)), [answer, lang])
}

function Asked({ asked, answer, onAsk }: { asked: FunnelJson; answer: FunnelAnswer | undefined; onAsk: (next: FunnelJson) => void }) {
  const { t } = useTranslation()
  const [draft, setDraft] = useState(asked)
  const change = (next: Partial<FunnelJson>) => setDraft((old) => ({ ...old, ...next }))
  const setStep = (at: number, step: StepJson) => change({ steps: draft.steps.map((each, index) => (index === at ? step : each)) })
  const canRun = draft.steps.length >= 2 && draft.steps.every(isWhole)
  return (
    <Question
      run={
        <>
          <Button type="primary" disabled={!canRun} onClick={() => onAsk(draft)}>
            {t('insight.run')}
          </Button>
          {!canRun && <span className="zk-muted">{t('insight.fill_in')}</span>}
        </>
      }
    >
      <ol className="zk-steps">
        {draft.steps.map((step, at) => (
          <li key={at}>
            <StepFields label={t('insight.step', { at: at + 1 })} step={step} onChange={(next) => setStep(at, next)} onRemove={draft.steps.length > 2 ? () => change({ steps: draft.steps.filter((_, index) => index !== at) }) : undefined} />
          </li>
        ))}
      </ol>
      {draft.steps.length < 10 && (
        <Button type="text" icon={<PlusOutlined aria-hidden="true" />} onClick={() => change({ steps: [...draft.steps, { of: 'orders' }] })}>
          {t('insight.add_step')}
        </Button>
      )}
      <div className="zk-question-line">
        <div className="zk-pick">
          <span className="zk-rule-word">{t('insight.window')}</span>
          <Suspense fallback={<Skeleton rows={1} height={32} />}>
            <Within label={t('insight.window')} span={draft.window} isOptional={false} onChange={(window) => window && change({ window })} />
          </Suspense>
        </div>
        <Pick label={t('insight.order')} value={draft.order} onChange={(order) => change({ order })} options={(['ordered', 'strict', 'any', 'clickhouse'] as const).map((value) => ({ value, label: t(`insight.order_${value}`) }))} />
        <Pick label={t('insight.count_by')} value={draft.count_by} onChange={(count_by) => change({ count_by })} options={(['person', 'session', 'order'] as const).map((value) => ({ value, label: t(`insight.count_${value}`) }))} />
        <BreakdownField value={draft.breakdown} hasFields={draft.order !== 'clickhouse'} onChange={(breakdown) => change({ breakdown })} />
        <ScopeFields question={draft} answered={answer && { from: answer.head.from, to: answer.head.to }} onChange={setDraft} />
        <Checkbox checked={draft.with_incomplete === true} onChange={(event) => change({ with_incomplete: event.target.checked })}>
          {t('insight.with_incomplete')}
        </Checkbox>
      </div>
    </Question>
  )
}

type StepsProps = { answer: FunnelAnswer; asked: FunnelJson; isStale: boolean; onPeople: (part: PartJson) => void }

function Steps({ answer, asked, isStale, onPeople }: StepsProps) {
  const { t } = useTranslation()
  const { lang } = useSettings()
  const format = useFormat()
  const { view } = route.useSearch()
  const navigate = route.useNavigate()
  const names = useStepNames(answer)
  const { steps, groups } = answer
  const write = (n: number | null | undefined) => format.people(n)

  const drawn = useMemo(() => {
    const tip = (at: number) => {
      const step = steps[at]
      if (!step) return ''
      const lines = [`${at + 1} ${names[at] ?? ''}`, `${t('insight.reached')}  ${format.people(step.n)}`]
      if (at > 0) {
        lines.push(`${t('insight.of_previous')}  ${format.ratio(step.of_previous_ratio)}（${format.ratio(step.low_ratio)} ～ ${format.ratio(step.high_ratio)}）`)
        lines.push(`${t('insight.lost')}  ${format.people(step.lost)}`, `${t('insight.median')}  ${lengthOf(t, step.median_seconds)}`)
      }
      for (const group of groups) lines.push(`${partName(t, asked.breakdown, group.part)}  ${format.people(group.steps[at])}`)
      return lines.join('\n')
    }
    const bars: Bar[] =
      groups.length > 0
        ? groups.map((group, at) => ({ name: partName(t, asked.breakdown, group.part), values: group.steps, colour: COLOURS[at] ?? 'text-2' }))
        : [
            { name: t('insight.reached'), values: steps.map((step) => step.n), colour: 'series-1' },
            { name: t('insight.lost'), values: steps.map((step) => step.lost), colour: 'series-6', isFaint: true },
          ]
    const axis = { name: t(`insight.count_${asked.count_by as 'person'}`), write: (value: number) => format.countShort(value) }
    const labels = names.map((name, at) => `${at + 1} ${name}`)
    return { tip, bars, option: (palette: Palette) => barsOption(palette, labels, bars, axis, tip, groups.length === 0) }
  }, [steps, groups, names, asked, format, t])

  if (steps[0]?.n === 0) {
    return (
      <Card>
        <Notice title={t('insight.empty')} help={lang === 'zh' ? answer.head.meaning_zh : answer.head.meaning} />
      </Card>
    )
  }
  const legend: LegendItem[] = drawn.bars.map((bar) => ({ name: bar.name, colour: bar.colour, kind: 'bar' }))
  const people = (n: number | null | undefined, part: PartJson, label: string) =>
    n == null || n === 0 ? (
      <>{write(n)}</>
    ) : (
      <FigureButton label={label} figure={write(n)} onOpen={() => onPeople(part)} />
    )
  const at = (step: FunnelStep) => steps.indexOf(step)
  const columns: Column<FunnelStep>[] = [
    { key: 'step', title: t('insight.step_name'), isHead: true, cell: (step) => `${at(step) + 1} ${names[at(step)] ?? ''}` },
    { key: 'n', title: t('insight.reached'), align: 'right', cell: (step) => people(step.n, { step: at(step) + 1 }, t('insight.reached_step', { step: names[at(step)] ?? '' })) },
    { key: 'previous', title: t('insight.of_previous'), align: 'right', cell: (step) => (at(step) === 0 ? '--' : format.ratioColumn(step.of_previous_ratio)) },
    { key: 'interval', title: t('insight.interval'), align: 'right', cell: (step) => (step.low_ratio == null ? '--' : `${format.ratio(step.low_ratio)} ～ ${format.ratio(step.high_ratio)}`) },
    { key: 'first', title: t('insight.of_first'), align: 'right', cell: (step) => format.ratioColumn(step.of_first_ratio) },
    { key: 'lost', title: t('insight.lost'), align: 'right', cell: (step) => (at(step) === 0 ? '--' : people(step.lost, { step: at(step) + 1, lost: true }, t('insight.lost_at', { from: names[at(step) - 1] ?? '', to: names[at(step)] ?? '' }))) },
    { key: 'median', title: t('insight.median'), align: 'right', cell: (step) => lengthOf(t, step.median_seconds) },
    ...groups.map(
      (group, number): Column<FunnelStep> => ({
        key: `group-${number}`,
        title: partName(t, asked.breakdown, group.part),
        align: 'right',
        cell: (step) =>
          people(group.steps[at(step)], { step: at(step) + 1, group: partValue(group.part) }, t('insight.reached_step', { step: `${names[at(step)] ?? ''} ${partName(t, asked.breakdown, group.part)}` })),
      }),
    ),
  ]
  const quartiles = answer.quartile_seconds
  const worst = answer.worst_step ?? undefined
  return (
    <>
      <Means head={answer.head} suggestion={lang === 'zh' ? answer.suggestion_zh : answer.suggestion} />
      <Card
        title={t('insight.funnel')}
        hint={quartiles && t('insight.takes', { middle: lengthOf(t, quartiles[1]), low: lengthOf(t, quartiles[0]), high: lengthOf(t, quartiles[2]) })}
        isStale={isStale}
        extra={<ViewSwitch view={view} onChange={(next) => void navigate({ search: (old) => ({ ...old, view: next }), resetScroll: false })} />}
      >
        <ChartOrTable
          view={view}
          title={t('insight.funnel')}
          description={lang === 'zh' ? answer.head.meaning_zh : answer.head.meaning}
          option={drawn.option}
          n={steps.length}
          read={(index) => drawn.tip(index).replaceAll('\n', '，')}
          legend={legend}
          height={300}
          numbers={() => ({
            head: [t('insight.step_name'), t('insight.reached'), t('insight.of_previous'), t('insight.of_first'), t('insight.lost'), t('insight.median_seconds'), ...groups.map((group) => partName(t, asked.breakdown, group.part))],
            rows: steps.map((step, index) => [names[index], step.n, step.of_previous_ratio, step.of_first_ratio, step.lost, step.median_seconds, ...groups.map((group) => group.steps[index])]),
          })}
          onOpen={(index) => onPeople({ step: index + 1 })}
          table={null}
        />
        <DataTable caption={t('insight.funnel')} rows={steps} rowKey={(step) => String(at(step))} keepsColumns columns={columns} />
        {(answer.n_incomplete ?? 0) > 0 && <p className="zk-muted">{t(asked.with_incomplete ? 'insight.incomplete_in' : 'insight.incomplete_out', { n: write(answer.n_incomplete) })}</p>}
      </Card>
      {worst !== undefined && (answer.instead.length > 0 || answer.differences.length > 0) && (
        <Card title={t('insight.lost_at', { from: names[worst - 2] ?? '', to: names[worst - 1] ?? '' })} hint={t('insight.worst_hint')} isStale={isStale}>
          {answer.instead.length > 0 && (
            <DataTable
              caption={t('insight.instead')}
              rows={answer.instead}
              rowKey={(row) => `${row.kind} ${row.event ?? ''}`}
              columns={[
                { key: 'what', title: t('insight.instead'), isHead: true, cell: (row) => (row.kind === 'event' ? row.event : t(row.kind === 'other' ? 'insight.other' : 'insight.nothing')) },
                { key: 'n', title: t('insight.count_person'), align: 'right', cell: (row) => write(row.n) },
                { key: 'ratio', title: t('insight.share_of_lost'), align: 'right', cell: (row) => (row.n == null || steps[worst - 1]?.lost == null ? '--' : format.ratioColumn(row.n / Math.max(steps[worst - 1]?.lost ?? 1, 1))) },
              ]}
            />
          )}
          {answer.differences.length > 0 && (
            <DataTable
              caption={t('insight.who_is_lost')}
              rows={answer.differences}
              rowKey={(row) => `${row.field} ${row.value ?? ''}`}
              columns={[
                { key: 'what', title: t('insight.who_is_lost'), isHead: true, cell: (row) => [lang === 'zh' ? row.label_zh : row.label, row.value].filter(Boolean).join(' · ') },
                { key: 'lost', title: t('insight.of_lost'), align: 'right', cell: (row) => (row.value == null ? format.quantity(row.lost) : format.ratioColumn(row.lost)) },
                { key: 'went', title: t('insight.of_went_on'), align: 'right', cell: (row) => (row.value == null ? format.quantity(row.went_on) : format.ratioColumn(row.went_on)) },
              ]}
            />
          )}
        </Card>
      )}
    </>
  )
}
