// 用途: defines a purpose, or changes one and adds a version of its notice. Versions that are there stay: what people agreed to
// is history.
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Button, Input } from 'antd'
import { useId, useState, type SyntheticEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { putPurpose } from '../../api/consents'
import type { Purpose } from '../../api/types'
import { useSettings } from '../../app/settings'
import { useFormat } from '../../app/workspace'
import { Sheet } from '../../ui/Sheet'
import { ErrorNotice } from '../../ui/states'
import { BASES, basisWord, nameOf, SEPARATE, separateWord } from './words'
import './consents.css'

const EMPTY: Purpose = { code: '', name: '', name_zh: '', basis: 'consent', basis_note: '', separate: null, is_profiling: false, channels: [], policies: [] }

export function PurposeForm({ purpose, onClose }: { purpose: Purpose | undefined; onClose: () => void }) {
  const { t } = useTranslation()
  const { lang } = useSettings()
  const format = useFormat()
  const id = useId()
  const cache = useQueryClient()
  const [edited, setEdited] = useState(purpose ?? EMPTY)
  const [version, setVersion] = useState(purpose ? '' : '1')
  const [acceptsOlder, setAcceptsOlder] = useState(false)
  const change = (part: Partial<Purpose>) => setEdited((old) => ({ ...old, ...part }))
  const save = useMutation({
    mutationFn: putPurpose,
    onSuccess: async () => {
      // A new notice can make consents insufficient: nothing that was counted before holds.
      await cache.invalidateQueries()
      onClose()
    },
  })
  const submit = (event: SyntheticEvent) => {
    event.preventDefault()
    const added = version.trim() ? [{ version: version.trim(), since: null, accepts_older: acceptsOlder }] : []
    save.mutate({ ...edited, code: edited.code.trim(), name: edited.name.trim(), name_zh: edited.name_zh.trim(), basis_note: edited.basis_note.trim(), policies: [...edited.policies, ...added] })
  }
  const text = (key: 'code' | 'name' | 'name_zh' | 'basis_note', label: string, limit: number, help?: string) => (
    <>
      <label htmlFor={`${id}-${key}`}>{label}</label>
      <Input id={`${id}-${key}`} value={edited[key]} maxLength={limit} placeholder={help} disabled={key === 'code' && purpose !== undefined} onChange={(event) => change({ [key]: event.target.value })} />
    </>
  )
  return (
    <Sheet title={purpose ? nameOf(purpose, lang) : t('consents.new_purpose')} closeLabel={t('customers.close')} onClose={onClose}>
      <form className="zk-sheet-form" onSubmit={submit}>
        {text('code', t('consents.code'), 40, 'marketing_app')}
        {text('name_zh', t('consents.name_zh'), 200)}
        {text('name', t('consents.name_en'), 200)}
        <label htmlFor={`${id}-basis`}>{t('consents.basis')}</label>
        <select id={`${id}-basis`} className="zk-select" value={edited.basis} onChange={(event) => change({ basis: event.target.value })}>
          {BASES.map((each) => (
            <option key={each} value={each}>
              {basisWord(t, each)}
            </option>
          ))}
        </select>
        {text('basis_note', t('consents.basis_note'), 200, t('consents.basis_note_help'))}
        <label htmlFor={`${id}-separate`}>{t('consents.separate')}</label>
        <select id={`${id}-separate`} className="zk-select" value={edited.separate ?? ''} onChange={(event) => change({ separate: event.target.value || null })}>
          <option value="">{t('consents.not_separate')}</option>
          {SEPARATE.map((each) => (
            <option key={each} value={each}>
              {separateWord(t, each)}
            </option>
          ))}
        </select>
        <label className="zk-check">
          <input type="checkbox" checked={edited.is_profiling} onChange={(event) => change({ is_profiling: event.target.checked })} />
          {t('consents.is_profiling')}
        </label>
        {edited.policies.length > 0 && (
          <dl className="zk-facts">
            {edited.policies.map((policy) => (
              <div key={policy.version}>
                <dt>{t('consents.policy_version', { version: policy.version })}</dt>
                <dd>
                  {policy.since ? format.instant(policy.since) : t('consents.from_the_start')}
                  {policy.accepts_older && ` · ${t('consents.accepts_older')}`}
                </dd>
              </div>
            ))}
          </dl>
        )}
        <label htmlFor={`${id}-version`}>{t('consents.new_policy')}</label>
        <Input id={`${id}-version`} value={version} maxLength={40} placeholder={purpose ? t('consents.new_policy_help') : undefined} onChange={(event) => setVersion(event.target.value)} />
        {edited.policies.length > 0 && version.trim() && (
          <label className="zk-check">
            <input type="checkbox" checked={acceptsOlder} onChange={(event) => setAcceptsOlder(event.target.checked)} />
            {t('consents.accepts_older')}
          </label>
        )}
        {save.error && <ErrorNotice error={save.error} />}
        <div className="zk-form-actions">
          <Button type="primary" htmlType="submit" disabled={!edited.code.trim() || !edited.name.trim() || !edited.name_zh.trim() || (!purpose && !version.trim())} loading={save.isPending}>
            {t('consents.save_purpose')}
          </Button>
        </div>
      </form>
    </Sheet>
  )
}
