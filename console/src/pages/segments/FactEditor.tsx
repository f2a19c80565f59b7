// What happened, when, and with which details: the parts that behaviours and steps of a sequence are made of.
import { CloseOutlined, PlusOutlined } from '@ant-design/icons'
import { Button, InputNumber, Select } from 'antd'
import { useTranslation } from 'react-i18next'
import { useWorkspace } from '../../app/workspace'
import { word } from '../../words'
import { FACT_NAMES, FACTS, fieldKind, furtherOf, OPS, firstValue, formOf, type Fact } from './catalogue'
import { choicesOf, retest } from './choices'
import { FieldSelect } from './FieldSelect'
import type { Filter, Span, Window } from './rule'
import { DayInput, TestEditor } from './TestEditor'
import { fieldWord } from './words'

export function FactSelect({ label, value, onChange }: { label: string; value: string | undefined; onChange: (fact: string) => void }) {
  const { t } = useTranslation()
  return <Select aria-label={label} popupMatchSelectWidth={false} value={value ?? null} onChange={onChange} options={FACT_NAMES.map((each) => ({ value: each, label: word(t, 'fact', each) }))} />
}

type WhereProps = { fact: string | undefined; where: readonly Filter[] | undefined; onChange: (where: Filter[] | undefined) => void; isWrong: (tail: string) => boolean }

export function Where({ fact, where = [], onChange, isWrong }: WhereProps) {
  const { t } = useTranslation()
  const names = Object.keys(FACTS[fact as Fact] ?? {})
  const fields = names.map((value) => ({ value, label: fieldWord(t, 'fact_field', value) }))
  const set = (next: Filter[]) => onChange(next.length > 0 ? next : undefined)
  const change = (at: number, filter: Filter) => set(where.map((each, index) => (index === at ? filter : each)))
  const add = () => {
    const field = fact === 'events' ? 'event' : names[0]
    const kind = fieldKind(fact, field)
    const op = fact === 'events' ? 'eq' : OPS[kind][0]
    set([...where, { field, op, value: firstValue(formOf(kind, op)) }])
  }
  return (
    <>
      {where.map((filter, at) => {
        const kind = fieldKind(fact, filter.field)
        return (
          <div key={at} className="zk-rule-line">
            <span className="zk-rule-word">{t('segments.where')}</span>
            <FieldSelect
              label={t('segments.field')}
              fields={fields}
              further={furtherOf(fact)}
              value={filter.field}
              isWrong={isWrong(`/where/${at}/field`)}
              onChange={(field) => change(at, { field, ...retest(fieldKind(fact, field), filter) })}
            />
            <TestEditor kind={kind} test={filter} choices={choicesOf(t, filter.field, fact)} isWrong={isWrong(`/where/${at}/value`)} onChange={(test) => change(at, { field: filter.field, ...test })} />
            <button type="button" className="zk-icon-button zk-rule-button" aria-label={t('segments.remove_where', { at: at + 1 })} onClick={() => set(where.filter((_, index) => index !== at))}>
              <CloseOutlined aria-hidden="true" />
            </button>
          </div>
        )
      })}
      <Button size="small" type="text" className="zk-rule-add" icon={<PlusOutlined aria-hidden="true" />} onClick={add}>
        {t('segments.add_where')}
      </Button>
    </>
  )
}

const SPANS = ['minute', 'hour', 'day', 'week'] as const
const WINDOWS = ['day', 'week', 'month'] as const

type LengthProps = { n: number | undefined; unit: string | undefined; units: readonly string[]; onChange: (n: number | undefined, unit: string | undefined) => void }

function Length({ n, unit, units, onChange }: LengthProps) {
  const { t } = useTranslation()
  return (
    <>
      <InputNumber aria-label={t('segments.value')} className="zk-number" min={1} precision={0} value={n ?? null} onChange={(next) => onChange(typeof next === 'number' ? next : undefined, unit)} />
      <Select aria-label={t('segments.unit')} popupMatchSelectWidth={false} value={unit ?? null} onChange={(next) => onChange(n, next)} options={units.map((value) => ({ value, label: word(t, 'unit', value) }))} />
    </>
  )
}

/** No longer than so; or however long. */
export function Within({ label, span, onChange, isOptional = true }: { label: string; span: Span | undefined; onChange: (span: Span | undefined) => void; isOptional?: boolean }) {
  const { t } = useTranslation()
  return (
    <>
      {isOptional ? (
        <Select
          aria-label={label}
          popupMatchSelectWidth={false}
          value={span ? 'some' : 'any'}
          onChange={(next) => onChange(next === 'some' ? { n: 24, unit: 'hour' } : undefined)}
          options={[
            { value: 'any', label: t('segments.within_any') },
            { value: 'some', label: t('segments.within') },
          ]}
        />
      ) : (
        <span>{t('segments.within')}</span>
      )}
      {span && <Length n={span.n} unit={span.unit} units={SPANS} onChange={(n, unit) => onChange({ n, unit })} />}
    </>
  )
}

type WindowProps = { window: Window | undefined; onChange: (window: Window | undefined) => void; mayFollow?: boolean; isWrong: (tail: string) => boolean }

export function WindowEditor({ window, onChange, mayFollow = false, isWrong }: WindowProps) {
  const { t } = useTranslation()
  const { data: workspace } = useWorkspace()
  const form = !window ? 'ever' : window.after ? 'after' : 'from' in window || 'to' in window ? 'between' : 'last'
  const day = workspace?.as_of ?? workspace?.data_to ?? undefined
  const begin = (next: string) => {
    if (next === 'last') onChange({ last: 90, unit: 'day' })
    else if (next === 'between') onChange({ from: day ? `${day.slice(0, 8)}01` : undefined, to: day })
    else onChange(next === 'after' ? { after: { of: 'orders', which: 'last' } } : undefined)
  }
  const after = window?.after
  return (
    <>
      <div className="zk-rule-line">
        <span className="zk-rule-word">{t('segments.window')}</span>
        <Select
          aria-label={t('segments.window')}
          popupMatchSelectWidth={false}
          value={form}
          onChange={begin}
          options={[
            { value: 'last', label: t('segments.window_last') },
            { value: 'ever', label: t('segments.window_ever') },
            { value: 'between', label: t('segments.window_between') },
            ...(mayFollow ? [{ value: 'after', label: t('segments.window_after') }] : []),
          ]}
        />
        {form === 'last' && <Length n={window?.last} unit={window?.unit} units={WINDOWS} onChange={(last, unit) => onChange({ last, unit })} />}
        {form === 'between' && (
          <>
            <DayInput label={t('segments.low')} value={window?.from} status={isWrong('/window/from') ? 'error' : ''} onChange={(from) => onChange({ from, to: window?.to })} />
            <span aria-hidden="true">～</span>
            <DayInput label={t('segments.high')} value={window?.to} status={isWrong('/window/to') ? 'error' : ''} onChange={(to) => onChange({ from: window?.from, to })} />
          </>
        )}
        {after && (
          <>
            <Select
              aria-label={t('segments.which')}
              popupMatchSelectWidth={false}
              value={after.which ?? null}
              onChange={(which) => onChange({ ...window, after: { ...after, which } })}
              options={[
                { value: 'first', label: t('segments.first') },
                { value: 'last', label: t('segments.last') },
              ]}
            />
            <FactSelect label={t('segments.after_what')} value={after.of} onChange={(of) => onChange({ ...window, after: { of, which: after.which } })} />
            <Within label={t('segments.within')} span={window.within} onChange={(within) => onChange({ ...window, within })} />
          </>
        )}
      </div>
      {after && (
        <div className="zk-rule-inner">
          <Where fact={after.of} where={after.where} onChange={(where) => onChange({ ...window, after: { ...after, where } })} isWrong={(tail) => isWrong(`/window/after${tail}`)} />
        </div>
      )}
    </>
  )
}
