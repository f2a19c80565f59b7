// 分群编辑: who should be in it? The rule on the left, what it comes to on the right, counted after every change.
import { useQuery } from '@tanstack/react-query'
import { Button, Input, Select } from 'antd'
import { lazy, Suspense, useId, useReducer, useState, type SyntheticEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiError } from '../../api/client'
import { previewQuery, type RuleJson, type SegmentDraft } from '../../api/segments'
import { PurposeSelect } from '../../ui/PurposeSelect'
import { Card } from '../../ui/Card'
import { useSettled } from '../../ui/settled'
import { ErrorNotice, Skeleton } from '../../ui/states'
import { placesIn } from './place'
import { Preview } from './Preview'
import { edit, emptyRule, readRule, ruleOf, unfinished, type Action } from './rule'
import './segments.css'

const RuleEditor = lazy(() => import('./RuleEditor'))
const JsonView = lazy(() => import('./JsonView'))

/** A pause in typing before a rule is counted. */
const PAUSE_MS = 300

type Props = {
  start: SegmentDraft
  segmentId?: string | undefined
  save: { mutate: (draft: SegmentDraft) => void; isPending: boolean; error: Error | null }
}

/** Text typed into the JSON view; it stands until the rule is changed elsewhere. */
type Typed = { text: string; beside: string; rule: RuleJson | undefined; isOdd: boolean }

export function Builder({ start, segmentId, save }: Props) {
  const { t } = useTranslation()
  const id = useId()
  const [draft, setDraft] = useState(start)
  const [rule, dispatch] = useReducer(edit, start.rule, (json) => (json && readRule(json)) ?? emptyRule)
  const [typed, setTyped] = useState<Typed>()
  const [hasJson, setJson] = useState(false)
  const [isNameAsked, setNameAsked] = useState(false)
  const hasRule = start.rule !== undefined

  const shown = JSON.stringify(ruleOf(rule))
  const text = typed?.beside === shown ? typed : undefined
  const isBroken = text !== undefined && text.rule === undefined
  const sent = text?.rule ?? ruleOf(rule)
  const open = text?.isOdd ? [] : unfinished(rule)
  const isWaiting = open.length > 0 || isBroken
  const settled = useSettled(JSON.stringify(sent), PAUSE_MS)
  const isBehind = settled !== JSON.stringify(sent)
  const query = useQuery(previewQuery(JSON.parse(settled) as RuleJson, segmentId, draft.purpose || 'analysis', hasRule && !isWaiting && !isBehind))
  const failed = save.error instanceof ApiError && save.error.problems.length > 0 ? save.error : query.error
  const problems = failed instanceof ApiError && !isBehind && !isWaiting ? failed.problems : []

  const act = (action: Action) => {
    setTyped(undefined)
    dispatch(action)
  }
  const type = (next: string) => {
    const json = placesIn(next).wrongAt === undefined ? (JSON.parse(next) as unknown) : undefined
    const read = readRule(json)
    if (read) dispatch({ type: 'replace', rule: read })
    setTyped({ text: next, beside: read ? JSON.stringify(ruleOf(read)) : shown, rule: json as RuleJson | undefined, isOdd: !read && json !== undefined })
  }
  const set = (changes: Partial<SegmentDraft>) => setDraft((old) => ({ ...old, ...changes }))
  const submit = (event: SyntheticEvent) => {
    event.preventDefault()
    setNameAsked(true)
    if (draft.name.trim() && !isWaiting) save.mutate({ ...draft, name: draft.name.trim(), rule: hasRule ? sent : undefined })
  }
  const isNameMissing = isNameAsked && !draft.name.trim()
  return (
    <form onSubmit={submit} className="zk-builder">
      <Card>
        <div className="zk-builder-head">
          <div className="zk-builder-field">
            <label htmlFor={`${id}-name`}>{t('segments.name')}</label>
            <Input id={`${id}-name`} value={draft.name} maxLength={100} status={isNameMissing ? 'error' : ''} aria-describedby={isNameMissing ? `${id}-missing` : undefined} onChange={(event) => set({ name: event.target.value })} />
            {isNameMissing && (
              <p id={`${id}-missing`} className="zk-rule-open" role="alert">
                {t('segments.name_missing')}
              </p>
            )}
          </div>
          <div className="zk-builder-field">
            <label htmlFor={`${id}-purpose`}>{t('segments.purpose')}</label>
            <PurposeSelect id={`${id}-purpose`} value={draft.purpose} onChange={(purpose) => set({ purpose })} />
          </div>
          <div className="zk-builder-field">
            <label htmlFor={`${id}-refresh`}>{t('segments.refresh')}</label>
            <Select
              id={`${id}-refresh`}
              value={draft.refresh}
              title={t('segments.refresh_help')}
              popupMatchSelectWidth={false}
              disabled={!hasRule}
              onChange={(refresh) => set({ refresh })}
              options={[
                { value: 'daily', label: t('segments.refresh_daily') },
                { value: 'live', label: t('segments.refresh_live') },
                { value: 'manual', label: t('segments.refresh_manual') },
              ]}
            />
          </div>
          <div className="zk-builder-field zk-builder-notes">
            <label htmlFor={`${id}-notes`}>{t('segments.description')}</label>
            <Input id={`${id}-notes`} value={draft.description} maxLength={500} onChange={(event) => set({ description: event.target.value })} />
          </div>
          <Button type="primary" htmlType="submit" loading={save.isPending} disabled={hasRule && (isWaiting || problems.length > 0)}>
            {t('segments.save')}
          </Button>
        </div>
        <p className="zk-muted zk-builder-help">{t('segments.refresh_help')}</p>
        {save.error && problems.length === 0 && <ErrorNotice error={save.error} title={t('segments.save_failed')} />}
      </Card>
      {!hasRule && <p className="zk-muted">{t('segments.list_rule')}</p>}
      {hasRule && (
        <div className="zk-columns-main">
          <div className="zk-stack">
            <p className="zk-builder-narrow zk-muted">{t('segments.wide_only')}</p>
            <Card
              className="zk-builder-rule"
              title={t('segments.conditions')}
              extra={
                <Button aria-expanded={hasJson} onClick={() => setJson(!hasJson)}>
                  {t('segments.json')}
                </Button>
              }
            >
              <Suspense fallback={<Skeleton rows={4} height={32} />}>
                <RuleEditor rule={rule} dispatch={act} problems={text?.isOdd ? [] : problems} open={open} />
              </Suspense>
            </Card>
            {hasJson && (
              <Card title={t('segments.json_label')} hint={t('segments.json_hint')}>
                <Suspense fallback={<Skeleton rows={6} height={20} />}>
                  <JsonView text={text?.text ?? JSON.stringify(ruleOf(rule), null, 2)} onChange={type} problems={problems} isOdd={text?.isOdd ?? false} />
                </Suspense>
              </Card>
            )}
          </div>
          <Preview query={query} isWaiting={isWaiting} isWrong={problems.length > 0} isBehind={isBehind} />
        </div>
      )}
    </form>
  )
}
