// 留存: do people come back?
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { Button, Checkbox, Segmented } from 'antd'
import { lazy, Suspense, useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { analysisQuery, type PartJson } from '../../api/analysis'
import type { CohortGroup, RetentionAnswer } from '../../api/types'
import { ContextBar } from '../../app/ContextBar'
import { PERIOD_KINDS } from '../../app/search'
import { useSettings } from '../../app/settings'
import { useFormat } from '../../app/workspace'
import { Chart, Save, ViewSwitch, baseOption, type LegendItem, type Palette } from '../../charts/Chart'
import { Card } from '../../ui/Card'
import { Page } from '../../ui/Page'
import { ErrorNotice, Skeleton } from '../../ui/states'
import { useBeside } from '../../ui/beside'
import { FigureButton } from './FigureButton'
import { Means } from './Answer'
import { BreakdownField, Pick, Question, ScopeFields, StepFields } from './fields'
import { isWhole, partValue, sent, type RetentionJson } from './question'
import { partName } from './words'

const route = getRouteApi('/insight/retention')
const People = lazy(() => import('./People'))
const LINES = ['series-1', 'series-2', 'series-3', 'series-4', 'series-5'] as const

export default function RetentionPage() {
  const { t } = useTranslation()
  const { spec, part } = route.useSearch()
  const navigate = route.useNavigate()
  const query = useQuery(analysisQuery('retention', sent(spec)))
  const set = (next: PartJson | undefined) => void navigate({ search: (old) => ({ ...old, part: next }), resetScroll: false })
  const { opened, close } = useBeside(() => set(undefined))
  const column = query.data?.columns[Number(part?.column)]
  const cohort = typeof part?.cohort === 'string' ? part.cohort : t('insight.all_cohorts')
  const title = column ? t(part?.gone ? 'insight.cell_gone' : 'insight.cell_back', { cohort, period: column.from }) : t('insight.cohort_of', { cohort })
  return (
    <Page title={t('insight.retention')} question={t('insight.retention_question')}>
      <ContextBar />
      <Asked key={JSON.stringify(spec)} asked={spec} answer={query.data} onAsk={(next) => void navigate({ search: (old) => ({ ...old, spec: next, part: undefined }), resetScroll: false })} />
      {query.isPending && <Card><Skeleton rows={10} height={28} /></Card>}
      {query.isError && <Card><ErrorNotice error={query.error} onRetry={() => void query.refetch()} /></Card>}
      {query.data && !query.isError && (
        <Table
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
          <People kind="retention" spec={query.data.head.spec} part={part} title={title} onClose={close} />
        </Suspense>
      )}
    </Page>
  )
}

function Asked({ asked, answer, onAsk }: { asked: RetentionJson; answer: RetentionAnswer | undefined; onAsk: (next: RetentionJson) => void }) {
  const { t } = useTranslation()
  const [draft, setDraft] = useState(asked)
  const change = (next: Partial<RetentionJson>) => setDraft((old) => ({ ...old, ...next }))
  const canRun = isWhole(draft.start) && isWhole(draft.back)
  const canRoll = draft.by === 'day' || draft.by === 'week'
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
      <StepFields label={t('insight.start')} step={draft.start} onChange={(start) => change({ start })} />
      <StepFields label={t('insight.back')} step={draft.back} onChange={(back) => change({ back })} />
      <div className="zk-question-line">
        <Segmented aria-label={t('insight.by')} value={draft.by} onChange={(by) => change({ by, rolling: draft.rolling && (by === 'day' || by === 'week') })} options={PERIOD_KINDS.map((value) => ({ value, label: t(`kpis.by_${value}`) }))} />
        <Pick label={t('insight.measure')} value={draft.measure} onChange={(measure) => change({ measure })} options={(['exact', 'unbounded'] as const).map((value) => ({ value, label: t(`insight.measure_${value}`) }))} />
        <BreakdownField value={draft.breakdown} onChange={(breakdown) => change({ breakdown })} />
        <ScopeFields question={draft} answered={answer && { from: answer.head.from, to: answer.head.to }} onChange={setDraft} />
        <Checkbox checked={draft.first_time} onChange={(event) => change({ first_time: event.target.checked })}>
          {t('insight.first_time')}
        </Checkbox>
        <Checkbox checked={draft.rolling} disabled={!canRoll} onChange={(event) => change({ rolling: event.target.checked })}>
          {t('insight.rolling')}
        </Checkbox>
      </div>
    </Question>
  )
}

type TableProps = { answer: RetentionAnswer; asked: RetentionJson; isStale: boolean; onPeople: (part: PartJson) => void }

function Table({ answer, asked, isStale, onPeople }: TableProps) {
  const { t } = useTranslation()
  const { lang } = useSettings()
  const format = useFormat()
  const { view, group: groupAt = 0 } = route.useSearch()
  const navigate = route.useNavigate()
  const { groups, columns } = answer
  const group = groups[groupAt] ?? groups[0]
  const drawn = useMemo(() => {
    // Curves of all cohorts together: everybody, and the parts.
    const shown = groups.slice(0, LINES.length)
    const nameOf = (each: CohortGroup) => partName(t, asked.breakdown, each.part)
    const tip = (at: number) => [t('insight.period_n', { at: columns[at]?.from ?? 0 }), ...shown.map((each) => `${nameOf(each)}  ${format.ratio(each.total[at]?.ratio)}`)].join('\n')
    const labels = columns.map((column) => (column.from === column.to ? String(column.from) : `${column.from}–${column.to}`))
    const option = (palette: Palette) => ({
      ...baseOption(palette, labels, { name: t('insight.came_back'), write: (value: number) => format.ratio(value) }, tip),
      series: shown.map((each, at) => ({ type: 'line', data: each.total.map((cell) => cell?.ratio ?? null), showSymbol: true, symbolSize: 6, connectNulls: false, emphasis: { disabled: true }, itemStyle: { color: palette[LINES[at] ?? 'series-6'] }, lineStyle: { color: palette[LINES[at] ?? 'series-6'], width: 2.2 } })),
    })
    const legend: LegendItem[] = shown.length > 1 ? shown.map((each, at) => ({ name: nameOf(each), colour: LINES[at] ?? 'series-6' })) : []
    return { tip, option, legend }
  }, [groups, columns, asked, format, t])
  if (!group) return null
  const ofGroup = (part: PartJson): PartJson => (group.part ? { ...part, group: partValue(group.part) } : part)
  const head = columns.map((column) => (column.from === column.to ? String(column.from) : `${column.from}–${column.to}`))
  const numbers = () => ({
    head: [t('insight.part'), t('insight.cohort'), t('insight.size'), ...head],
    rows: groups.flatMap((each) => each.cohorts.map((cohort) => [partName(t, asked.breakdown, each.part), cohort.period, cohort.n, ...cohort.cells.map((cell) => cell?.ratio)])),
  })
  return (
    <>
      <Means head={answer.head} />
      <Card
        title={t('insight.retention')}
        hint={t('insight.retention_hint')}
        isStale={isStale}
        extra={
          <>
            {groups.length > 1 && (
              <Pick label={t('insight.part')} value={String(groupAt)} onChange={(next) => void navigate({ search: (old) => ({ ...old, group: Number(next) || undefined }), resetScroll: false })} options={groups.map((each, at) => ({ value: String(at), label: partName(t, asked.breakdown, each.part) }))} />
            )}
            <ViewSwitch view={view} onChange={(next) => void navigate({ search: (old) => ({ ...old, view: next }), resetScroll: false })} />
          </>
        }
      >
        {view === 'chart' && (
          <Chart title={t('insight.retention')} description={lang === 'zh' ? answer.head.meaning_zh : answer.head.meaning} option={drawn.option} n={columns.length} read={(index) => drawn.tip(index).replaceAll('\n', '，')} legend={drawn.legend} height={220} numbers={numbers} onOpen={(column) => onPeople({ cohort: null, column })} />
        )}
        <div className="zk-cohorts" role="region" aria-label={t('insight.retention')} tabIndex={0}>
          <table>
            <thead>
              <tr>
                <th scope="col">{t('insight.cohort')}</th>
                <th scope="col" className="zk-right">
                  {t('insight.size')}
                </th>
                {head.map((name) => (
                  <th key={name} scope="col" className="zk-right">
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {group.cohorts.toReversed().map((cohort) => (
                <tr key={cohort.period}>
                  <th scope="row">{cohort.period}</th>
                  <td className="zk-right">
                    {cohort.n ? (
                      <FigureButton label={t('insight.cohort_of', { cohort: cohort.period })} figure={format.people(cohort.n)} onOpen={() => onPeople(ofGroup({ cohort: cohort.period }))} />
                    ) : (
                      format.people(cohort.n)
                    )}
                  </td>
                  {cohort.cells.map((cell, at) =>
                    cell === null ? (
                      <td key={at} className="zk-cohort-blank">
                        <span className="zk-hidden">{t('insight.not_yet')}</span>
                      </td>
                    ) : (
                      <td key={at} className="zk-cohort-cell">
                        <span className="zk-heat-fill" aria-hidden="true" style={{ opacity: 0.05 + 0.45 * (cell.ratio ?? 0) }} />
                        <button
                          type="button"
                          title={`${t('insight.cell_back', { cohort: cohort.period, period: columns[at]?.from ?? 0 })} ${format.people(cell.n_back)} / ${format.people(cell.n_observed)}${cell.low_ratio == null ? '' : ` · ${format.ratio(cell.low_ratio)} ～ ${format.ratio(cell.high_ratio)}`}`}
                          disabled={cell.n_back == null}
                          onClick={() => onPeople(ofGroup({ cohort: cohort.period, column: at }))}
                        >
                          {cell.n_back == null ? format.people(null) : cell.n_observed < 30 ? format.people(cell.n_back) : format.ratio(cell.ratio)}
                        </button>
                      </td>
                    ),
                  )}
                </tr>
              ))}
              <tr className="zk-cohort-total">
                <th scope="row">{t('insight.all_cohorts')}</th>
                <td />
                {group.total.map((cell, at) => (
                  <td key={at} className="zk-right zk-figures">
                    {cell === null ? '' : cell.n_back == null ? format.people(null) : format.ratio(cell.ratio)}
                  </td>
                ))}
              </tr>
            </tbody>
          </table>
        </div>
        {view === 'table' && <Save title={t('insight.retention')} numbers={numbers} />}
        <p className="zk-muted">{t('insight.retention_note')}</p>
      </Card>
    </>
  )
}
