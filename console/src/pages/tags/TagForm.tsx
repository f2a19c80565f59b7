// A definition while it is written: what it is called, and how it is computed, as conditions or as JSON. Beside it what it
// comes to, computed after every change.
import { type TagDraft } from './draft'
import { useQuery } from '@tanstack/react-query'
import { Button, Input, Select } from 'antd'
import { lazy, Suspense, useId, useReducer, useState, type ReactNode, type SyntheticEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiError, type Problem } from '../../api/client'
import { tagPreviewQuery, type TagJson } from '../../api/tags'
import { useSettings } from '../../app/settings'
import { useFormat } from '../../app/workspace'
import { Card } from '../../ui/Card'
import { ErrorNotice, Skeleton } from '../../ui/states'
import { useSettled } from '../../ui/settled'
import { placesIn } from '../segments/place'
import { edit, emptyRule, readRule, ruleOf, unfinished } from '../segments/rule'
import { sentenceOf } from '../segments/words'
import '../segments/segments.css'
import './tags.css'

const Distribution = lazy(() => import('./Distribution').then((part) => ({ default: part.Distribution })))
const RuleEditor = lazy(() => import('../segments/RuleEditor'))
const Examples = lazy(() => import('./Examples'))
const JsonView = lazy(() => import('../segments/JsonView'))
const ModeSwitch = lazy(() => import('./ModeSwitch'))

const PAUSE_MS = 400
const LEVELS = ['attribute', 'behaviour', 'value'] as const
const UNITS = ['count', 'day', 'year', 'money', 'ratio', 'score'] as const
const EXPRESSION = '/expression'

type Props = { start: TagDraft; isNew: boolean; save: { mutate: (definition: TagJson) => void; isPending: boolean; error: Error | null } }

export function TagForm({ start, isNew, save }: Props) {
  const { t } = useTranslation()
  const id = useId()
  const [draft, setDraft] = useState(start)
  const startRule = Object.keys(start.expression).length === 1 ? readRule(start.expression.rule) : undefined
  const [mode, setMode] = useState<'rule' | 'json'>(startRule ? 'rule' : 'json')
  const [rule, dispatch] = useReducer(edit, startRule ?? emptyRule)
  const [text, setText] = useState(() => JSON.stringify(start.expression, null, 2))
  const set = (changes: Partial<TagDraft>) => setDraft((old) => ({ ...old, ...changes }))

  const isJson = placesIn(text).wrongAt === undefined
  const expression: unknown = mode === 'rule' ? { rule: ruleOf(rule) } : isJson ? JSON.parse(text) : undefined
  const open = mode === 'rule' ? (rule.items.length === 0 ? [rule.id] : unfinished(rule)) : []
  const isWaiting = expression === undefined || open.length > 0
  const { key, zh, en, level, unit, refresh } = draft
  // What is not named yet is computed all the same.
  const definition = { version: 1, key: key.trim(), name: { zh: zh.trim(), en: en.trim() }, level, ...(unit ? { unit } : {}), refresh, expression }
  const shown = JSON.stringify({ ...definition, key: key.trim() || 'unnamed', name: { zh: zh.trim() || '--', en: en.trim() || '--' } })
  const settled = useSettled(shown, PAUSE_MS)
  const isBehind = settled !== shown
  const preview = useQuery(tagPreviewQuery(JSON.parse(settled) as TagJson, !isWaiting && !isBehind))
  const failed = save.error instanceof ApiError && save.error.problems.length > 0 ? save.error : preview.error
  const problems = failed instanceof ApiError && !isBehind && !isWaiting ? failed.problems : []
  const of = (pointer: string): Problem[] => problems.flatMap((problem) => (problem.pointer === pointer || problem.pointer.startsWith(`${pointer}/`) ? { ...problem, pointer: problem.pointer.slice(pointer.length) } : []))
  const others = problems.filter((problem) => problem.pointer !== EXPRESSION && !problem.pointer.startsWith(`${EXPRESSION}/`))
  const isNamed = key.trim() !== '' && zh.trim() !== '' && en.trim() !== ''

  const turn = (next: 'rule' | 'json') => {
    if (next === 'json') setText(JSON.stringify(expression, null, 2))
    else {
      const read = isJson ? readRule((JSON.parse(text) as TagJson).rule) : undefined
      dispatch({ type: 'replace', rule: read ?? emptyRule })
    }
    setMode(next)
  }
  const submit = (event: SyntheticEvent) => {
    event.preventDefault()
    if (isNamed && !isWaiting) save.mutate(definition)
  }
  return (
    <form onSubmit={submit} className="zk-builder">
      <Card>
        <div className="zk-builder-head">
          <Field label={t('tags.key')} id={`${id}-key`}>
            <Input id={`${id}-key`} value={key} maxLength={60} disabled={!isNew} placeholder="big_spender" onChange={(event) => set({ key: event.target.value })} />
          </Field>
          <Field label={t('tags.name_zh')} id={`${id}-zh`}>
            <Input id={`${id}-zh`} value={zh} maxLength={60} onChange={(event) => set({ zh: event.target.value })} />
          </Field>
          <Field label={t('tags.name_en')} id={`${id}-en`}>
            <Input id={`${id}-en`} value={en} maxLength={60} onChange={(event) => set({ en: event.target.value })} />
          </Field>
          <Field label={t('tags.level')} id={`${id}-level`}>
            <Select id={`${id}-level`} value={level} popupMatchSelectWidth={false} onChange={(next) => set({ level: next })} options={LEVELS.map((value) => ({ value, label: t(`tags.level_${value}`) }))} />
          </Field>
          <Field label={t('tags.unit')} id={`${id}-unit`}>
            <Select
              id={`${id}-unit`}
              value={unit ?? 'none'}
              popupMatchSelectWidth={false}
              onChange={(next) => set({ unit: next === 'none' ? null : next })}
              options={[{ value: 'none', label: t('tags.unit_none') }, ...UNITS.map((value) => ({ value, label: t(`tags.unit_${value}`) }))]}
            />
          </Field>
          <Field label={t('tags.refresh')} id={`${id}-refresh`}>
            <Select
              id={`${id}-refresh`}
              value={refresh}
              popupMatchSelectWidth={false}
              onChange={(next) => set({ refresh: next })}
              options={[
                { value: 'daily', label: t('tags.refresh_daily') },
                { value: 'manual', label: t('tags.refresh_manual') },
              ]}
            />
          </Field>
          <Button type="primary" htmlType="submit" loading={save.isPending} disabled={!isNamed || isWaiting || problems.length > 0}>
            {t('segments.save')}
          </Button>
        </div>
        <p className="zk-muted zk-builder-help">{t('tags.key_help')}</p>
        <Problems of={others} />
        {save.error && problems.length === 0 && <ErrorNotice error={save.error} title={t('tags.save_failed')} />}
      </Card>
      <div className="zk-columns-main">
        <Card
          title={t('tags.computes')}
          extra={
            <>
              {mode === 'json' && (
                <Suspense>
                  <Examples onChoose={setText} />
                </Suspense>
              )}
              <Suspense>
                <ModeSwitch mode={mode} onChange={turn} />
              </Suspense>
            </>
          }
        >
          <p className="zk-muted">{mode === 'rule' ? t('tags.how_rule_help') : t('tags.how_json_help')}</p>
          <Suspense fallback={<Skeleton rows={5} height={30} />}>
            {mode === 'rule' ? (
              <RuleEditor rule={rule} dispatch={dispatch} problems={of(`${EXPRESSION}/rule`)} open={open} />
            ) : (
              <JsonView label={t('tags.expression')} text={text} onChange={setText} problems={of(EXPRESSION)} isOdd={false} />
            )}
          </Suspense>
        </Card>
        <Card title={t('tags.preview')} isStale={preview.isFetching || isBehind}>
          {isWaiting && <p className="zk-muted">{t('tags.preview_waits')}</p>}
          {!isWaiting && preview.isPending && <Skeleton rows={5} height={24} />}
          {!isWaiting && preview.isError && problems.length === 0 && <ErrorNotice error={preview.error} onRetry={() => void preview.refetch()} />}
          {!isWaiting && problems.length > 0 && <p className="zk-rule-open">{t('tags.preview_wrong')}</p>}
          {!isWaiting && problems.length === 0 && preview.data && <Preview {...preview.data} unit={unit} />}
        </Card>
      </div>
    </form>
  )
}

function Preview({ spread, unit, ...both }: { spread: Parameters<typeof Distribution>[0]['spread']; unit: string | null; sentence: string; sentence_zh: string }) {
  const { t } = useTranslation()
  const { lang } = useSettings()
  const format = useFormat()
  return (
    <>
      <p className="zk-segment-sentence">{sentenceOf(both, lang)}</p>
      <p role="status" className="zk-tag-count">
        <strong>{format.ratio(spread.coverage_ratio)}</strong> {t('tags.of_all', { n: format.people(spread.n_customers), total: format.people(spread.n_total) })}
      </p>
      {spread.n_customers !== 0 && <Suspense><Distribution spread={spread} unit={unit} view="chart" /></Suspense>}
    </>
  )
}

function Field({ label, id, children }: { label: string; id: string; children: ReactNode }) {
  return (
    <div className="zk-builder-field">
      <label htmlFor={id}>{label}</label>
      {children}
    </div>
  )
}

function Problems({ of }: { of: readonly Problem[] }) {
  const { lang } = useSettings()
  if (of.length === 0) return null
  return (
    <ul className="zk-rule-problems">
      {of.map((problem) => (
        <li key={problem.pointer + problem.kind}>
          <code>{problem.pointer || '/'}</code> {lang === 'zh' ? problem.zh : problem.en}
        </li>
      ))}
    </ul>
  )
}
