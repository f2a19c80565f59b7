// One condition of whatever kind.
import { CloseOutlined, PlusOutlined } from '@ant-design/icons'
import { useQuery } from '@tanstack/react-query'
import { Button, Checkbox, Input, Select } from 'antd'
import { useTranslation } from 'react-i18next'
import { segmentsQuery } from '../../api/segments'
import { word } from '../../words'
import { AGGS, columnOf, columnsFor, furtherOf, IDENTITIES, measureKind, SCORES, scoreKind, TRAITS, traitKind } from './catalogue'
import { choicesOf, retest, type Choice } from './choices'
import { FactSelect, Where, WindowEditor, Within } from './FactEditor'
import { FieldSelect } from './FieldSelect'
import type { Leaf, Measure, Sequence, Step, Test } from './rule'
import { TestEditor } from './TestEditor'
import { fieldWord } from './words'

type Props = {
  leaf: Leaf
  onChange: (leaf: Leaf) => void
  /** Whether the server found fault with a part of the condition. */
  isWrong: (tail: string) => boolean
}

export function Condition({ leaf, onChange, isWrong }: Props) {
  if (leaf.measure) return <Behaviour measure={leaf.measure} test={leaf} onChange={onChange} isWrong={isWrong} />
  if (leaf.sequence) return <Steps sequence={leaf.sequence} onChange={(sequence) => onChange({ sequence })} isWrong={isWrong} />
  return (
    <div className="zk-rule-line">
      <Plain leaf={leaf} onChange={onChange} isWrong={isWrong} />
    </div>
  )
}

function Plain({ leaf, onChange, isWrong }: Props) {
  const { t } = useTranslation()
  const { trait, score, tag, identity, consent, segment, op } = leaf
  const status = (tail: string) => (isWrong(tail) ? 'error' : '')
  const choose = (label: string, options: Choice[], change: (value: string) => void, value: string | undefined) => (
    <Select aria-label={label} popupMatchSelectWidth={false} value={value ?? null} onChange={change} options={options} />
  )
  if (trait !== undefined) {
    return (
      <>
        <FieldSelect
          label={t('segments.field')}
          fields={Object.keys(TRAITS).map((value) => ({ value, label: fieldWord(t, 'trait', value) }))}
          further={furtherOf(undefined)}
          value={trait}
          isWrong={isWrong('/trait')}
          onChange={(next) => onChange({ trait: next, ...retest(traitKind(next), leaf) })}
        />
        <TestEditor kind={traitKind(trait)} test={leaf} choices={choicesOf(t, trait)} isWrong={isWrong('/value')} onChange={(test) => onChange({ trait, ...test })} />
      </>
    )
  }
  if (score !== undefined) {
    return (
      <>
        <FieldSelect
          label={t('segments.field')}
          fields={Object.keys(SCORES).map((value) => ({ value, label: fieldWord(t, 'score', value) }))}
          value={score}
          isWrong={isWrong('/score')}
          onChange={(next) => onChange({ score: next, ...retest(scoreKind(next), leaf) })}
        />
        <TestEditor kind={scoreKind(score)} test={leaf} choices={choicesOf(t, score)} isWrong={isWrong('/value')} onChange={(test) => onChange({ score, ...test })} />
      </>
    )
  }
  if (tag !== undefined) {
    return (
      <>
        <Input aria-label={t('segments.tag_name')} placeholder={t('segments.tag_name')} className="zk-word-input" status={status('/tag')} value={tag} onChange={(event) => onChange({ ...leaf, tag: event.target.value })} />
        <TestEditor kind="json" test={leaf} isWrong={isWrong('/value')} onChange={(test) => onChange({ tag, ...test })} />
      </>
    )
  }
  if (identity !== undefined) {
    const named = (code: string) => word(t, code === 'name' || code === 'address' || code === 'birthday' ? 'personal' : 'identity', code)
    return (
      <>
        {choose(t('segments.op'), [{ value: 'exists', label: t('segments.has') }, { value: 'missing', label: t('segments.has_not') }], (next) => onChange({ identity, op: next }), op)}
        {choose(t('segments.field'), IDENTITIES.map((value) => ({ value, label: named(value) })), (next) => onChange({ identity: next, op }), identity)}
      </>
    )
  }
  if (consent !== undefined) {
    return (
      <>
        <Input aria-label={t('segments.purpose_name')} placeholder={t('segments.purpose_name')} className="zk-word-input" status={status('/consent')} value={consent} onChange={(event) => onChange({ consent: event.target.value, op })} />
        {choose(
          t('segments.op'),
          [
            { value: 'granted', label: t('segments.granted') },
            { value: 'withdrawn', label: t('segments.withdrawn') },
            { value: 'unknown', label: t('segments.unknown') },
            { value: 'outdated', label: t('segments.outdated') },
          ],
          (next) => onChange({ consent, op: next }),
          op,
        )}
      </>
    )
  }
  return (
    <>
      {choose(t('segments.op'), [{ value: 'in', label: t('segments.in') }, { value: 'not_in', label: t('segments.not_in') }], (next) => onChange({ segment, op: next }), op)}
      <SegmentSelect value={segment} isWrong={isWrong('/segment')} onChange={(next) => onChange({ segment: next, op })} />
    </>
  )
}

function SegmentSelect({ value, isWrong, onChange }: { value: string | undefined; isWrong: boolean; onChange: (id: string) => void }) {
  const { t } = useTranslation()
  const { data } = useQuery(segmentsQuery(false))
  return (
    <Select
      aria-label={t('segments.segment_pick')}
      placeholder={t('segments.segment_pick')}
      popupMatchSelectWidth={false}
      showSearch={{ optionFilterProp: 'label' }}
      status={isWrong ? 'error' : ''}
      value={value === '' ? null : value}
      onChange={(next: string) => onChange(next)}
      options={(data?.items ?? []).map((each) => ({ value: each.segment_id, label: each.name }))}
    />
  )
}

function Behaviour({ measure, test, onChange, isWrong }: { measure: Measure; test: Test; onChange: (leaf: Leaf) => void; isWrong: (tail: string) => boolean }) {
  const { t } = useTranslation()
  const { of, agg, column } = measure
  const { op, value } = test
  const set = (changes: Measure, next: Test = { op, value }) => onChange({ measure: { ...measure, ...changes }, ...next })
  const isCount = agg === undefined || agg === 'count'
  const isAbsent = isCount && op === 'eq' && value === 0
  const takes = columnOf(agg)
  const wrong = (tail: string) => isWrong(`/measure${tail}`)
  const setAgg = (next: string) => {
    if (next === 'did' || next === 'did_not') {
      set({ agg: undefined, column: undefined }, next === 'did' ? { op: 'ge', value: 1 } : { op: 'eq', value: 0 })
      return
    }
    const fit = columnOf(next) === 'must' ? (columnsFor(of, next).find((each) => each === column) ?? columnsFor(of, next)[0]) : undefined
    set({ agg: next, column: fit }, retest(measureKind({ of, agg: next, column: fit }), test))
  }
  return (
    <>
      <div className="zk-rule-line">
        <Select
          aria-label={t('segments.agg')}
          popupMatchSelectWidth={false}
          value={isAbsent ? 'did_not' : isCount ? 'did' : agg}
          onChange={setAgg}
          options={['did', 'did_not', ...AGGS.slice(1)].map((each) => ({ value: each, label: word(t, 'agg', each) }))}
        />
        <FactSelect label={t('segments.what')} value={of} onChange={(next) => onChange({ measure: { of: next, window: measure.window }, op: 'ge', value: 1 })} />
        {takes !== 'no' && (
          <FieldSelect
            label={t('segments.column')}
            fields={[...(takes === 'may' ? [{ value: '', label: t('segments.at_time') }] : []), ...columnsFor(of, agg).map((each) => ({ value: each, label: fieldWord(t, 'fact_field', each) }))]}
            further={furtherOf(of)}
            value={column ?? (takes === 'may' ? '' : undefined)}
            isWrong={wrong('/column')}
            onChange={(next) => {
              const chosen = next === '' ? undefined : next
              set({ column: chosen }, retest(measureKind({ of, agg, column: chosen }), test))
            }}
          />
        )}
        {!isAbsent && <TestEditor kind={measureKind(measure)} test={test} choices={agg === 'top' || agg === 'first' || agg === 'last' ? choicesOf(t, column, of) : undefined} isWrong={isWrong('/value')} onChange={(next) => set({}, next)} />}
        {!isAbsent && isCount && <span>{t('unit.times')}</span>}
      </div>
      <Where fact={of} where={measure.where} onChange={(where) => set({ where })} isWrong={wrong} />
      <WindowEditor window={measure.window} mayFollow onChange={(window) => set({ window })} isWrong={wrong} />
    </>
  )
}

const MAX_STEPS = 10

function Steps({ sequence, onChange, isWrong }: { sequence: Sequence; onChange: (sequence: Sequence) => void; isWrong: (tail: string) => boolean }) {
  const { t } = useTranslation()
  const steps = sequence.steps ?? []
  const setSteps = (next: Step[]) => onChange({ ...sequence, steps: next.map((step, at) => ({ ...step, within: at === 0 ? undefined : step.within, absent: at === next.length - 1 && at > 0 && step.absent ? true : undefined })) })
  const change = (at: number, step: Step) => setSteps(steps.map((each, index) => (index === at ? step : each)))
  return (
    <>
      <ol className="zk-rule-steps">
        {steps.map((step, at) => (
          <li key={at}>
            <div className="zk-rule-line">
              <span className="zk-rule-word">{t('segments.step', { at: at + 1 })}</span>
              {at > 0 && <Within label={t('segments.within')} span={step.within} isOptional={!step.absent} onChange={(within) => change(at, { ...step, within })} />}
              {at > 0 && at === steps.length - 1 && (
                <Checkbox checked={step.absent === true} onChange={(event) => change(at, { ...step, absent: event.target.checked, within: step.within ?? (event.target.checked ? { n: 24, unit: 'hour' } : undefined) })}>
                  {t('segments.absent')}
                </Checkbox>
              )}
              <FactSelect label={t('segments.what')} value={step.of} onChange={(of) => change(at, { of, within: step.within, absent: step.absent })} />
              {steps.length > 2 && (
                <button type="button" className="zk-icon-button zk-rule-button" aria-label={t('segments.remove_step', { at: at + 1 })} onClick={() => setSteps(steps.filter((_, index) => index !== at))}>
                  <CloseOutlined aria-hidden="true" />
                </button>
              )}
            </div>
            <div className="zk-rule-inner">
              <Where fact={step.of} where={step.where} onChange={(where) => change(at, { ...step, where })} isWrong={(tail) => isWrong(`/sequence/steps/${at}${tail}`)} />
            </div>
          </li>
        ))}
      </ol>
      {steps.length < MAX_STEPS && (
        <Button size="small" type="text" className="zk-rule-add" icon={<PlusOutlined aria-hidden="true" />} onClick={() => setSteps([...steps, { of: 'orders' }])}>
          {t('segments.add_step')}
        </Button>
      )}
      <div className="zk-rule-line">
        <span className="zk-rule-word">{t('segments.whole')}</span>
        <Within label={t('segments.whole')} span={sequence.within} onChange={(within) => onChange({ ...sequence, within })} />
      </div>
      <WindowEditor window={sequence.window} onChange={(window) => onChange({ ...sequence, window })} isWrong={(tail) => isWrong(`/sequence${tail}`)} />
    </>
  )
}
