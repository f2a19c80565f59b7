// What is set of one part by hand; of the whole, its amount.
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Button, Input } from 'antd'
import { useId, useState, type SyntheticEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { changeTarget, type Target, type TargetPart } from '../../api/targets'
import { useFormat } from '../../app/workspace'
import { Sheet } from '../../ui/Sheet'
import { ErrorNotice } from '../../ui/states'
import { typed } from './parts'
import { pathName, write } from './words'

const FIELDS = ['floor', 'cap', 'locked', 'asked'] as const
type Field = (typeof FIELDS)[number]

export default function Adjust({ target, part, onClose }: { target: Target; part: TargetPart; onClose: () => void }) {
  const { t } = useTranslation()
  const format = useFormat()
  const client = useQueryClient()
  const id = useId()
  const isWhole = part.path.length === 0
  const text = (value: number | null) => (value === null ? '' : String(value))
  const [amount, setAmount] = useState(text(part.amount))
  const [given, setGiven] = useState<Record<Field, string>>({ floor: text(part.floor), cap: text(part.cap), locked: text(part.locked), asked: text(part.asked) })
  const numbers = { floor: typed(given.floor), cap: typed(given.cap), locked: typed(given.locked), asked: typed(given.asked) }
  const wanted = typed(amount)
  const isReady = isWhole ? wanted != null : FIELDS.every((field) => numbers[field] !== undefined)
  const change = useMutation({
    mutationFn: () => {
      const { floor, cap, locked, asked } = numbers
      const set = { path: part.path, floor: floor ?? null, cap: cap ?? null, locked: locked ?? null, asked: asked ?? null }
      return changeTarget(target.target_id, target.version, isWhole ? (wanted ?? null) : null, isWhole ? [] : [set])
    },
    onSuccess: (board) => {
      client.setQueryData(['targets', target.target_id], board)
      void client.invalidateQueries({ queryKey: ['targets'], exact: true })
      onClose()
    },
  })
  const submit = (event: SyntheticEvent) => {
    event.preventDefault()
    if (isReady) change.mutate()
  }
  return (
    <Sheet title={isWhole ? t('targets.adjust_whole') : t('targets.adjust_of', { name: pathName(t, part.path) })} closeLabel={t('targets.close')} onClose={onClose}>
      <form className="zk-target-form" onSubmit={submit}>
        {isWhole && (
          <>
            <label htmlFor={`${id}-amount`}>{t('targets.amount')}</label>
            <Input id={`${id}-amount`} inputMode="decimal" value={amount} status={wanted == null ? 'error' : ''} onChange={(event) => setAmount(event.target.value)} />
          </>
        )}
        {!isWhole &&
          FIELDS.map((field) => (
            <Labelled key={field} id={`${id}-${field}`} label={t(`targets.${field}`)} value={given[field]} isWrong={numbers[field] === undefined} onChange={(next) => setGiven({ ...given, [field]: next })} />
          ))}
        <p className="zk-muted">{t('targets.adjust_help')}</p>
        <div className="zk-target-run">
          <Button type="primary" htmlType="submit" disabled={!isReady} loading={change.isPending}>
            {t('targets.save')}
          </Button>
          {isWhole && part.asked_below !== null && (
            <Button onClick={() => setAmount(text(part.asked_below))}>{t('targets.by_asked', { n: write(format, target.unit, part.asked_below) })}</Button>
          )}
        </div>
      </form>
      {change.isError && <ErrorNotice error={change.error} />}
    </Sheet>
  )
}

type LabelledProps = { id: string; label: string; value: string; isWrong: boolean; onChange: (next: string) => void }

function Labelled({ id, label, value, isWrong, onChange }: LabelledProps) {
  return (
    <>
      <label htmlFor={id}>{label}</label>
      <Input id={id} inputMode="decimal" value={value} status={isWrong ? 'error' : ''} onChange={(event) => onChange(event.target.value)} />
    </>
  )
}
