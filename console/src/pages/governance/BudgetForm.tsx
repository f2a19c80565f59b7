// The budgets of one role; an empty field is no bound. Exports beyond a number of rows wait for a second person, whoever asks.
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Button, Input } from 'antd'
import { useId, useState, type SyntheticEvent } from 'react'
import { useTranslation } from 'react-i18next'
import type { Role } from '../../api/accounts'
import { budgetsQuery, setBudgets } from '../../api/governance'
import type { Budgets } from '../../api/types'
import { Sheet } from '../../ui/Sheet'
import { ErrorNotice } from '../../ui/states'
import { known, word } from '../../words'
import { BUDGET_CLASSES, classMeter, METERS } from './meters'

const SPANS = ['per_minute', 'per_day'] as const

type Field = { key: string; label: string; text: string; isNeeded?: boolean; isClass?: boolean }

export default function BudgetForm({ role, budgets, onClose }: { role: Role; budgets: Budgets; onClose: () => void }) {
  const { t } = useTranslation()
  const id = useId()
  const cache = useQueryClient()
  const [draft, setDraft] = useState<Record<string, string>>({})
  const save = useMutation({
    mutationFn: setBudgets,
    onSuccess: async () => {
      await cache.invalidateQueries({ queryKey: budgetsQuery.queryKey })
      onClose()
    },
  })
  const of = budgets.roles[role] ?? {}
  const fields: Field[] = [
    ...METERS.flatMap((meter) =>
      SPANS.map((span) => {
        // A meter that is missing gives nothing.
        const now = of[meter] ? of[meter][span] : 0
        return { key: `${meter}.${span}`, label: `${known(t, 'budgets.meter', meter)} · ${t(`budgets.${span}`)}`, text: now === null || now === undefined ? '' : String(now) }
      }),
    ),
    ...BUDGET_CLASSES.flatMap((each) =>
      SPANS.map((span) => {
        const now = of[classMeter(each)]?.[span]
        const label = `${known(t, 'grades.class', each)} · ${t(`budgets.${span}`)}`
        return { key: `${classMeter(each)}.${span}`, label, text: now === null || now === undefined ? '' : String(now), isClass: true }
      }),
    ),
    { key: 'export_rows', label: t('budgets.export_rows'), text: String(budgets.export_rows), isNeeded: true },
    { key: 'approval_hours', label: t('budgets.approval_hours'), text: String(budgets.approval_hours), isNeeded: true },
  ]
  const textOf = ({ key, text }: Field) => (draft[key] ?? text).trim()
  const isWrong = (field: Field) => !/^\d{1,9}$/.test(textOf(field)) && (field.isNeeded === true || textOf(field) !== '')
  const numberAt = (key: string) => {
    const field = fields.find((each) => each.key === key)
    const text = field ? textOf(field) : ''
    return text === '' ? null : Number(text)
  }
  const submit = (event: SyntheticEvent) => {
    event.preventDefault()
    const limit = (meter: string) => ({ per_minute: numberAt(`${meter}.per_minute`), per_day: numberAt(`${meter}.per_day`) })
    const classes = BUDGET_CLASSES.map(classMeter).map((meter) => [meter, limit(meter)] as const)
    const bounded = classes.filter(([, { per_minute: minute, per_day: day }]) => minute !== null || day !== null)
    const meters = Object.fromEntries([...METERS.map((meter) => [meter, limit(meter)] as const), ...bounded])
    save.mutate({ roles: { ...budgets.roles, [role]: meters }, export_rows: numberAt('export_rows') ?? 0, approval_hours: numberAt('approval_hours') ?? 0 })
  }
  const input = (field: Field) => (
    <div key={field.key} className="zk-field">
      <label htmlFor={`${id}-${field.key}`}>{field.label}</label>
      <Input
        id={`${id}-${field.key}`}
        value={draft[field.key] ?? field.text}
        inputMode="numeric"
        maxLength={9}
        status={isWrong(field) ? 'error' : ''}
        placeholder={field.isNeeded ? undefined : t('budgets.no_bound')}
        onChange={(event) => setDraft({ ...draft, [field.key]: event.target.value })}
      />
    </div>
  )
  return (
    <Sheet title={t('budgets.of', { role: word(t, 'role', role) })} closeLabel={t('customers.close')} onClose={onClose}>
      <form className="zk-sheet-form" onSubmit={submit}>
        <p className="zk-muted">{t('budgets.form_help')}</p>
        {fields.filter((field) => field.isClass !== true).map(input)}
        <details className="zk-commerce" open={fields.some((field) => field.isClass === true && field.text !== '')}>
          <summary>{t('budgets.classes')}</summary>
          <p className="zk-muted">{t('budgets.classes_help')}</p>
          {fields.filter((field) => field.isClass).map(input)}
        </details>
        {save.error && <ErrorNotice error={save.error} />}
        <div className="zk-form-actions">
          <Button type="primary" htmlType="submit" disabled={fields.some(isWrong)} loading={save.isPending}>
            {t('budgets.save')}
          </Button>
        </div>
      </form>
    </Sheet>
  )
}
