// 生命周期与粘性: who comes, who stays, who leaves, and how often are they there?
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { Button, Segmented } from 'antd'
import { lazy, Suspense, useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { analysisQuery, type PartJson } from '../../api/analysis'
import type { LifecycleAnswer, StickinessAnswer } from '../../api/types'
import { ContextBar } from '../../app/ContextBar'
import { PERIOD_KINDS } from '../../app/search'
import { useSettings } from '../../app/settings'
import { useFormat } from '../../app/workspace'
import { ChartOrTable, ViewSwitch, type Palette } from '../../charts/Chart'
import { Card } from '../../ui/Card'
import { DataTable, type Column } from '../../ui/DataTable'
import { Page } from '../../ui/Page'
import { ErrorNotice, Skeleton } from '../../ui/states'
import { useBeside } from '../../ui/beside'
import { FigureButton } from './FigureButton'
import { Means } from './Answer'
import { barsOption, type Bar } from './bars'
import { Question, ScopeFields, StepFields } from './fields'
import { isWhole, sent, type ActivityJson } from './question'

const route = getRouteApi('/insight/life')
const People = lazy(() => import('./People'))
const LIVES = ['new', 'returning', 'resurrected', 'dormant'] as const

export default function LifePage() {
  const { t } = useTranslation()
  const { spec, part, what } = route.useSearch()
  const navigate = route.useNavigate()
  const lives = useQuery(analysisQuery('lifecycle', sent(spec)))
  // How often is asked of shorter periods than who comes and leaves.
  const shorter = { ...sent(spec), by: spec.by === 'quarter' ? 'month' : spec.by === 'month' ? 'week' : 'day' }
  const often = useQuery(analysisQuery('stickiness', shorter))
  const set = (next: { part: PartJson; what: 'lifecycle' | 'stickiness' } | undefined) => void navigate({ search: (old) => ({ ...old, part: next?.part, what: next?.what }), resetScroll: false })
  const { opened, close } = useBeside(() => set(undefined))
  const open = (of: 'lifecycle' | 'stickiness') => (next: PartJson) => {
    opened()
    set({ part: next, what: of })
  }
  const answered = what === 'stickiness' ? often.data?.head.spec : lives.data?.head.spec
  const title = part?.life
    ? t('insight.people_life', { life: t(`insight.life_${part.life as 'new'}`), period: String(part.period) })
    : part?.periods
      ? t('insight.people_periods', { n: Number(part.periods) })
      : t('insight.people_times')
  return (
    <Page title={t('insight.life')} question={t('insight.life_question')}>
      <ContextBar />
      <Asked key={JSON.stringify(spec)} asked={spec} answer={lives.data} onAsk={(next) => void navigate({ search: (old) => ({ ...old, spec: next, part: undefined, what: undefined }), resetScroll: false })} />
      {lives.isPending && <Card><Skeleton rows={1} height={300} /></Card>}
      {lives.isError && <Card><ErrorNotice error={lives.error} onRetry={() => void lives.refetch()} /></Card>}
      {lives.data && !lives.isError && <Lives answer={lives.data} isStale={lives.isPlaceholderData} onPeople={open('lifecycle')} />}
      {often.isPending && <Card><Skeleton rows={1} height={260} /></Card>}
      {often.isError && !lives.isError && <Card><ErrorNotice error={often.error} onRetry={() => void often.refetch()} /></Card>}
      {often.data && !often.isError && <Often answer={often.data} isStale={often.isPlaceholderData} onPeople={open('stickiness')} />}
      {part && what && answered && (
        <Suspense>
          <People kind={what} spec={answered} part={part} title={title} onClose={close} />
        </Suspense>
      )}
    </Page>
  )
}

function Asked({ asked, answer, onAsk }: { asked: ActivityJson; answer: LifecycleAnswer | undefined; onAsk: (next: ActivityJson) => void }) {
  const { t } = useTranslation()
  const [draft, setDraft] = useState(asked)
  const canRun = isWhole(draft.activity)
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
      <StepFields label={t('insight.activity')} step={draft.activity} onChange={(activity) => setDraft({ ...draft, activity })} />
      <div className="zk-question-line">
        <Segmented aria-label={t('insight.by')} value={draft.by} onChange={(by) => setDraft({ ...draft, by })} options={PERIOD_KINDS.map((value) => ({ value, label: t(`kpis.by_${value}`) }))} />
        <ScopeFields question={draft} answered={answer && { from: answer.head.from, to: answer.head.to }} onChange={setDraft} />
      </div>
    </Question>
  )
}

type LivesProps = { answer: LifecycleAnswer; isStale: boolean; onPeople: (part: PartJson) => void }
type LifeRow = LifecycleAnswer['rows'][number]

function Lives({ answer, isStale, onPeople }: LivesProps) {
  const { t } = useTranslation()
  const { lang } = useSettings()
  const format = useFormat()
  const { view } = route.useSearch()
  const navigate = route.useNavigate()
  const { rows } = answer
  const drawn = useMemo(() => {
    const tip = (at: number) => {
      const row = rows[at]
      if (!row) return ''
      return [`${row.period}${row.is_unfinished ? `（${t('kpis.unfinished')}）` : ''}`, ...LIVES.map((life) => `${t(`insight.life_${life}`)}  ${format.people(row[life])}`)].join('\n')
    }
    // Those who left hang below the line.
    const bars: Bar[] = [
      { name: t('insight.life_returning'), values: rows.map((row) => row.returning), colour: 'series-1' },
      { name: t('insight.life_new'), values: rows.map((row) => row.new), colour: 'series-3' },
      { name: t('insight.life_resurrected'), values: rows.map((row) => row.resurrected), colour: 'series-5' },
      { name: t('insight.life_dormant'), values: rows.map((row) => (row.dormant == null ? null : -row.dormant)), colour: 'series-2' },
    ]
    const axis = { name: t('insight.count_person'), write: (value: number) => format.countShort(Math.abs(value)) }
    return { tip, bars, option: (palette: Palette) => barsOption(palette, rows.map((row) => row.period), bars, axis, tip) }
  }, [rows, format, t])
  const columns: Column<LifeRow>[] = [
    { key: 'period', title: t('kpis.period'), isHead: true, cell: (row) => (row.is_unfinished ? `${row.period} ${t('kpis.unfinished')}` : row.period) },
    ...LIVES.map(
      (life): Column<LifeRow> => ({
        key: life,
        title: t(`insight.life_${life}`),
        align: 'right',
        cell: (row) =>
          row[life] ? (
            <FigureButton label={t('insight.people_life', { life: t(`insight.life_${life}`), period: row.period })} figure={format.people(row[life])} onOpen={() => onPeople({ period: row.period, life })} />
          ) : (
            format.people(row[life])
          ),
      }),
    ),
  ]
  return (
    <>
      <Means head={answer.head} />
      <Card title={t('insight.lifecycle')} hint={t('insight.lifecycle_hint')} isStale={isStale} extra={<ViewSwitch view={view} onChange={(next) => void navigate({ search: (old) => ({ ...old, view: next }), resetScroll: false })} />}>
        <ChartOrTable
          view={view}
          title={t('insight.lifecycle')}
          description={lang === 'zh' ? answer.head.meaning_zh : answer.head.meaning}
          option={drawn.option}
          n={rows.length}
          read={(index) => drawn.tip(index).replaceAll('\n', '，')}
          legend={drawn.bars.map((bar) => ({ name: bar.name, colour: bar.colour, kind: 'bar' }))}
          height={300}
          numbers={() => ({ head: [t('kpis.period'), ...LIVES.map((life) => t(`insight.life_${life}`))], rows: rows.map((row) => [row.period, ...LIVES.map((life) => row[life])]) })}
          table={null}
        />
        <DataTable caption={t('insight.lifecycle')} rows={[...rows].reverse()} rowKey={(row) => row.period} keepsColumns maxHeight={340} columns={columns} />
      </Card>
    </>
  )
}

type OftenRow = { key: string; name: string; n: number | null | undefined; part: PartJson }

function Often({ answer, isStale, onPeople }: { answer: StickinessAnswer; isStale: boolean; onPeople: (part: PartJson) => void }) {
  const { t } = useTranslation()
  const { lang } = useSettings()
  const format = useFormat()
  const { view } = route.useSearch()
  const periods: OftenRow[] = answer.by_periods.map((n, at) => ({ key: `p${at}`, name: String(at + 1), n, part: { periods: at + 1 } }))
  const times: OftenRow[] = answer.by_times.map((bin, at) => ({ key: `t${at}`, name: bin.to == null ? `${bin.from}+` : bin.to === bin.from ? String(bin.from) : `${bin.from}–${bin.to}`, n: bin.n, part: { times: at } }))
  const block = (title: string, first: string, rows: OftenRow[]) => {
    const tip = (at: number) => `${first} ${rows[at]?.name ?? ''}\n${t('insight.count_person')}  ${format.people(rows[at]?.n)}`
    const axis = { name: t('insight.count_person'), write: (value: number) => format.countShort(value) }
    return (
      <ChartOrTable
        view={view}
        title={title}
        description={lang === 'zh' ? answer.head.meaning_zh : answer.head.meaning}
        option={(palette) => barsOption(palette, rows.map((row) => row.name), [{ name: title, values: rows.map((row) => row.n ?? null), colour: 'series-1' }], axis, tip)}
        n={rows.length}
        read={(index) => tip(index).replaceAll('\n', '，')}
        height={220}
        numbers={() => ({ head: [first, t('insight.count_person')], rows: rows.map((row) => [row.name, row.n]) })}
        onOpen={(index) => {
          const row = rows[index]
          if (row?.n) onPeople(row.part)
        }}
        table={
          <DataTable
            caption={title}
            rows={rows}
            rowKey={(row) => row.key}
            maxHeight={300}
            columns={[
              { key: 'name', title: first, isHead: true, cell: (row) => row.name },
              {
                key: 'n',
                title: t('insight.count_person'),
                align: 'right',
                cell: (row) =>
                  row.n ? (
                    <FigureButton label={`${first} ${row.name}`} figure={format.people(row.n)} onOpen={() => onPeople(row.part)} />
                  ) : (
                    format.people(row.n)
                  ),
              },
            ]}
          />
        }
      />
    )
  }
  const byName = t(`insight.active_${answer.by as 'day'}`)
  return (
    <>
      <Means head={answer.head} />
      <Card title={t('insight.stickiness')} hint={t('insight.stickiness_hint')} isStale={isStale}>
        <div className="zk-often">
          <section>
            <h3>{byName}</h3>
            {block(byName, byName, periods)}
          </section>
          <section>
            <h3>{t('insight.frequency')}</h3>
            {block(t('insight.frequency'), t('insight.times'), times)}
          </section>
        </div>
      </Card>
    </>
  )
}
