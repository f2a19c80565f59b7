// A comparison: how, and with what. Which comparisons there are depends on what is compared.
import { Input, InputNumber, Select } from 'antd'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { word } from '../../words'
import { firstValue, formOf, OPS, type Kind } from './catalogue'
import type { Choice } from './choices'
import type { Test } from './rule'

type Props = { kind: Kind; test: Test; onChange: (test: Test) => void; choices?: Choice[] | undefined; isWrong?: boolean }

export function TestEditor({ kind, test, onChange, choices, isWrong = false }: Props) {
  const { t } = useTranslation()
  const { op, value } = test
  const status = isWrong ? 'error' : ''
  const form = formOf(kind, op)
  const set = (next: unknown) => onChange({ op, value: next })
  const number = (label: string, shown: unknown, change: (next: number | undefined) => void) => (
    <InputNumber aria-label={label} className="zk-number" status={status} value={typeof shown === 'number' ? shown : null} onChange={(next) => change(typeof next === 'number' ? next : undefined)} />
  )
  const pair = Array.isArray(value) ? (value as unknown[]) : []
  const ends = (write: (label: string, shown: unknown, change: (next: unknown) => void) => ReactNode) => (
    <>
      {write(t('segments.low'), pair[0], (next) => set([next, pair[1]]))}
      <span aria-hidden="true">～</span>
      {write(t('segments.high'), pair[1], (next) => set([pair[0], next]))}
    </>
  )
  return (
    <>
      <Select
        aria-label={t('segments.op')}
        popupMatchSelectWidth={false}
        value={op ?? null}
        onChange={(next) => onChange({ op: next, value: formOf(kind, next) === form ? value : firstValue(formOf(kind, next)) })}
        options={OPS[kind].map((each) => ({ value: each, label: word(t, 'op', each) }))}
      />
      {form === 'words' && (
        <Select
          mode="tags"
          className="zk-words-input"
          status={status}
          aria-label={t('segments.values')}
          placeholder={t('segments.values')}
          tokenSeparators={[',', '，', '、', ';']}
          value={Array.isArray(value) ? (value as string[]) : []}
          onChange={set}
          options={choices ?? []}
        />
      )}
      {form === 'word' &&
        (choices ? (
          <Select aria-label={t('segments.value')} status={status} popupMatchSelectWidth={false} placeholder={t('segments.value')} value={typeof value === 'string' ? value : null} onChange={set} options={choices} />
        ) : (
          <Input aria-label={t('segments.value')} className="zk-word-input" status={status} value={typeof value === 'string' ? value : ''} onChange={(event) => set(event.target.value)} />
        ))}
      {form === 'any' && <AnyValue value={value} status={status} onChange={set} />}
      {form === 'number' && number(t('segments.value'), value, set)}
      {form === 'n_days' && (
        <>
          {number(t('segments.value'), value, set)}
          <span>{t('segments.days')}</span>
        </>
      )}
      {form === 'range' && ends((label, shown, change) => number(label, shown, change))}
      {form === 'day' && <DayInput label={t('segments.day')} value={value} status={status} onChange={set} />}
      {form === 'days' && ends((label, shown, change) => <DayInput label={label} value={shown} status={status} onChange={change} />)}
      {form === 'flag' && <Flag value={value} onChange={set} />}
    </>
  )
}

type ValueProps = { value: unknown; status: 'error' | ''; onChange: (next: unknown) => void }

export function DayInput({ label, value, status = '', onChange }: { label: string; value: unknown; status?: 'error' | ''; onChange: (next: string | undefined) => void }) {
  return <Input type="date" aria-label={label} className="zk-day-input" status={status} value={typeof value === 'string' ? value : ''} onChange={(event) => onChange(event.target.value || undefined)} />
}

function Flag({ value, onChange }: { value: unknown; onChange: (next: unknown) => void }) {
  const { t } = useTranslation()
  return (
    <Select
      aria-label={t('segments.value')}
      value={value === false ? 'no' : 'yes'}
      onChange={(next) => onChange(next === 'yes')}
      options={[
        { value: 'yes', label: t('segments.is_true') },
        { value: 'no', label: t('segments.is_false') },
      ]}
    />
  )
}

/** A further attribute is compared as what the value is: text, number, yes or no. */
function AnyValue({ value, status, onChange }: ValueProps) {
  const { t } = useTranslation()
  const type = typeof value === 'number' ? 'number' : typeof value === 'boolean' ? 'flag' : 'text'
  return (
    <>
      <Select
        aria-label={t('segments.type')}
        popupMatchSelectWidth={false}
        value={type}
        onChange={(next) => onChange(next === 'number' ? 0 : next === 'flag' ? true : '')}
        options={[
          { value: 'text', label: t('segments.type_text') },
          { value: 'number', label: t('segments.type_number') },
          { value: 'flag', label: t('segments.type_flag') },
        ]}
      />
      {type === 'number' && <InputNumber aria-label={t('segments.value')} className="zk-number" status={status} value={value as number} onChange={(next) => onChange(typeof next === 'number' ? next : 0)} />}
      {type === 'flag' && <Flag value={value} onChange={onChange} />}
      {type === 'text' && <Input aria-label={t('segments.value')} className="zk-word-input" status={status} value={typeof value === 'string' ? value : ''} onChange={(event) => onChange(event.target.value)} />}
    </>
  )
}
