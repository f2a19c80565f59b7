// The parts that questions about behaviour are put together from.
import { CloseOutlined } from '@ant-design/icons'
import { useQuery } from '@tanstack/react-query'
import { Select } from 'antd'
import { lazy, Suspense, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { segmentsQuery } from '../../api/segments'
import { useMay } from '../../app/session'
import { useFormat, useWorkspace } from '../../app/workspace'
import { Skeleton } from '../../ui/states'
import { word } from '../../words'
import { breakdownOf, breakdownText, type BreakdownJson, type ScopeJson, type StepJson } from './question'
import './insight.css'

const DayRange = lazy(() => import('../overview/DayRange'))
// Conditions bring every kind of field with them: the answer is there before they are.
const FactSelect = lazy(() => import('../segments/FactEditor').then((part) => ({ default: part.FactSelect })))
export const Within = lazy(() => import('../segments/FactEditor').then((part) => ({ default: part.Within })))
const Where = lazy(() => import('../segments/FactEditor').then((part) => ({ default: part.Where })))

/** Conditions that have sense for a table; an event has a name before anything else. */
const firstWhere = (of: string) => (of === 'events' ? [{ field: 'event', op: 'eq' }] : undefined)

type StepProps = { label: string; step: StepJson; onChange: (step: StepJson) => void; onRemove?: (() => void) | undefined }

export function StepFields({ label, step, onChange, onRemove }: StepProps) {
  const { t } = useTranslation()
  return (
    <fieldset className="zk-step">
      <legend className="zk-hidden">{label}</legend>
      <div className="zk-rule-line">
        <span className="zk-rule-word">{label}</span>
        <Suspense fallback={<Skeleton rows={1} height={32} />}>
          <FactSelect label={t('insight.fact_of', { step: label })} value={step.of} onChange={(of) => onChange({ of, where: firstWhere(of) })} />
        </Suspense>
        {onRemove && (
          <button type="button" className="zk-icon-button zk-rule-button" aria-label={t('insight.remove_step', { step: label })} onClick={onRemove}>
            <CloseOutlined aria-hidden="true" />
          </button>
        )}
      </div>
      <Suspense fallback={<Skeleton rows={1} height={32} />}>
        <Where fact={step.of} where={step.where} isWrong={() => false} onChange={(where) => onChange({ ...step, where })} />
      </Suspense>
    </fieldset>
  )
}

type PickProps = { label: string; value: string; options: readonly { value: string; label: string }[]; onChange: (value: string) => void }

/** One of a few. */
export function Pick({ label, value, options, onChange }: PickProps) {
  return (
    <div className="zk-pick">
      <span className="zk-rule-word" aria-hidden="true">
        {label}
      </span>
      <Select aria-label={label} popupMatchSelectWidth={false} value={value} onChange={onChange} options={[...options]} />
    </div>
  )
}

const TRAITS = ['province', 'city', 'gender', 'member_level', 'acquisition_channel'] as const
const SCORES = ['rfm.tier', 'rfm.segment'] as const

/** What an answer is taken apart by. */
export function BreakdownField({ value, onChange, hasFields = true }: { value: BreakdownJson | undefined; onChange: (value: BreakdownJson | undefined) => void; hasFields?: boolean }) {
  const { t } = useTranslation()
  const segments = useSegments()
  const chosen = breakdownText(value)
  const options = [
    { value: '', label: t('insight.no_breakdown') },
    ...(hasFields ? [{ value: 'field:channel', label: word(t, 'fact_field', 'channel') }] : []),
    ...TRAITS.map((trait) => ({ value: `trait:${trait}`, label: word(t, 'trait', trait) })),
    ...SCORES.map((score) => ({ value: `score:${score}`, label: word(t, 'score', score) })),
    ...segments.map((segment) => ({ value: `segment:${segment.value}`, label: t('insight.in_segment', { name: segment.label }) })),
  ]
  const known = options.some((option) => option.value === chosen)
  return <Pick label={t('insight.breakdown')} value={chosen} options={known ? options : [...options, { value: chosen, label: chosen }]} onChange={(next) => onChange(breakdownOf(next))} />
}

function useSegments() {
  const may = useMay('segments.read')
  const { data } = useQuery({ ...segmentsQuery(false), enabled: may })
  return (data?.items ?? []).map((segment) => ({ value: segment.segment_id, label: segment.name }))
}

/** Of whom, and of which days. */
export function ScopeFields<T extends ScopeJson>({ question, answered, onChange }: { question: T; answered: { from: string; to: string } | undefined; onChange: (question: T) => void }) {
  const { t } = useTranslation()
  const format = useFormat()
  const { data: workspace } = useWorkspace()
  const segments = useSegments()
  const days = question.from && question.to ? { from: question.from, to: question.to } : answered
  return (
    <>
      {days && (
        <div className="zk-pick">
          <span className="zk-rule-word" aria-hidden="true">
            {t('insight.days')}
          </span>
          <Suspense fallback={<span className="zk-days">{format.dayRange(days.from, days.to)}</span>}>
            <DayRange days={days} max={workspace?.data_to ?? days.to} onChange={(next) => onChange({ ...question, ...next })} />
          </Suspense>
        </div>
      )}
      <Pick label={t('insight.population')} value={question.segment ?? ''} options={[{ value: '', label: t('insight.everybody') }, ...segments]} onChange={(segment) => onChange({ ...question, segment: segment === '' ? undefined : segment })} />
    </>
  )
}

/** What a question is put together from, and its button. */
export function Question({ children, run }: { children: ReactNode; run: ReactNode }) {
  const { t } = useTranslation()
  return (
    <section className="zk-card zk-question" aria-label={t('insight.question')}>
      {children}
      <div className="zk-question-run">{run}</div>
    </section>
  )
}
