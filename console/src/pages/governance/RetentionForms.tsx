// The rule of one class, and a new hold.
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Button, Input } from 'antd'
import { useId, useState, type SyntheticEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { addHold, retentionQuery, setRetention } from '../../api/governance'
import type { RetentionRule } from '../../api/types'
import { Sheet } from '../../ui/Sheet'
import { ErrorNotice } from '../../ui/states'
import { known } from '../../words'

const CLASSES = ['orders', 'events', 'feedback', 'touches', 'quarantine', 'audit'] as const
const BASES = ['legal_duty', 'contract', 'consent', 'operation'] as const
const THENS = ['purge', 'anonymise', 'keep'] as const

function useSaved<T>(save: (value: T) => Promise<unknown>, onClose: () => void) {
  const cache = useQueryClient()
  return useMutation({
    mutationFn: save,
    onSuccess: async () => {
      await cache.invalidateQueries({ queryKey: retentionQuery.queryKey })
      onClose()
    },
  })
}

export function RuleForm({ rule, onClose }: { rule: RetentionRule; onClose: () => void }) {
  const { t } = useTranslation()
  const id = useId()
  const [draft, setDraft] = useState({ ...rule, days: String(rule.days) })
  const save = useSaved(setRetention, onClose)
  const days = Number(draft.days)
  const isDays = /^\d{1,5}$/.test(draft.days)
  const submit = (event: SyntheticEvent) => {
    event.preventDefault()
    save.mutate({ ...draft, days, source: draft.source.trim() })
  }
  return (
    <Sheet title={known(t, 'retention.class', rule.class)} closeLabel={t('customers.close')} onClose={onClose}>
      <form className="zk-sheet-form" onSubmit={submit}>
        <label htmlFor={`${id}-days`}>{t('retention.days')}</label>
        <Input id={`${id}-days`} value={draft.days} inputMode="numeric" maxLength={5} onChange={(event) => setDraft({ ...draft, days: event.target.value })} />
        <label htmlFor={`${id}-basis`}>{t('retention.basis')}</label>
        <select id={`${id}-basis`} className="zk-select" value={draft.basis} onChange={(event) => setDraft({ ...draft, basis: event.target.value })}>
          {BASES.map((each) => (
            <option key={each} value={each}>
              {known(t, 'retention.basis', each)}
            </option>
          ))}
        </select>
        <label htmlFor={`${id}-source`}>{t('retention.source')}</label>
        <Input id={`${id}-source`} value={draft.source} maxLength={200} onChange={(event) => setDraft({ ...draft, source: event.target.value })} />
        <label htmlFor={`${id}-then`}>{t('retention.then')}</label>
        <select id={`${id}-then`} className="zk-select" value={draft.then} onChange={(event) => setDraft({ ...draft, then: event.target.value })}>
          {THENS.map((each) => (
            <option key={each} value={each}>
              {known(t, 'retention.then', each)}
            </option>
          ))}
        </select>
        <label>
          <input type="checkbox" checked={draft.is_on} onChange={(event) => setDraft({ ...draft, is_on: event.target.checked })} /> {t('retention.on_help')}
        </label>
        {save.error && <ErrorNotice error={save.error} />}
        <div className="zk-form-actions">
          <Button type="primary" htmlType="submit" disabled={!isDays || !draft.source.trim()} loading={save.isPending}>
            {t('retention.save')}
          </Button>
        </div>
      </form>
    </Sheet>
  )
}

export function HoldForm({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation()
  const id = useId()
  const [what, setWhat] = useState<string>('person')
  const [person, setPerson] = useState('')
  const [reason, setReason] = useState('')
  const save = useSaved(addHold, onClose)
  const isPerson = what === 'person'
  const submit = (event: SyntheticEvent) => {
    event.preventDefault()
    save.mutate({ class: isPerson ? null : what, profile_id: isPerson ? person.trim() : null, reason: reason.trim() })
  }
  return (
    <Sheet title={t('retention.hold')} closeLabel={t('customers.close')} onClose={onClose}>
      <form className="zk-sheet-form" onSubmit={submit}>
        <label htmlFor={`${id}-what`}>{t('retention.on')}</label>
        <select id={`${id}-what`} className="zk-select" value={what} onChange={(event) => setWhat(event.target.value)}>
          <option value="person">{t('retention.on_person')}</option>
          {CLASSES.map((each) => (
            <option key={each} value={each}>
              {known(t, 'retention.class', each)}
            </option>
          ))}
        </select>
        {isPerson && (
          <>
            <label htmlFor={`${id}-person`}>{t('retention.person')}</label>
            <Input id={`${id}-person`} value={person} maxLength={20} placeholder="prf_…" onChange={(event) => setPerson(event.target.value)} />
          </>
        )}
        <label htmlFor={`${id}-reason`}>{t('retention.reason')}</label>
        <Input id={`${id}-reason`} value={reason} maxLength={200} onChange={(event) => setReason(event.target.value)} />
        {save.error && <ErrorNotice error={save.error} />}
        <div className="zk-form-actions">
          <Button type="primary" htmlType="submit" disabled={!reason.trim() || (isPerson && !person.trim())} loading={save.isPending}>
            {t('retention.save')}
          </Button>
        </div>
      </form>
    </Sheet>
  )
}
