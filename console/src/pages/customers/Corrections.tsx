// 更正: fields that were corrected on behalf of the person and stay so, whatever files say; and a form, from a checked request.
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Button, Input } from 'antd'
import { useId, useState, type SyntheticEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { correctProfile, withdrawCorrection } from '../../api/consents'
import type { Correction, NewCorrection } from '../../api/types'
import { useMay } from '../../app/session'
import { useFormat } from '../../app/workspace'
import { Card } from '../../ui/Card'
import { ErrorNotice } from '../../ui/states'

const FIELDS = ['name', 'address', 'birthday', 'gender', 'birth_year', 'country', 'province', 'city', 'member_level', 'registered_on', 'acquisition_channel'] as const

type Props = { profileId: string; corrections: readonly Correction[]; request: string | undefined; onDone: () => void }

export function Corrections({ profileId, corrections, request, onDone }: Props) {
  const { t } = useTranslation()
  const format = useFormat()
  const mayDecide = useMay('requests.decide')
  const cache = useQueryClient()
  // Segments and lists hold what was before.
  const onSuccess = () => cache.invalidateQueries()
  const withdraw = useMutation({ mutationFn: (field: string) => withdrawCorrection(profileId, field), onSuccess })
  const save = useMutation({
    mutationFn: (correction: NewCorrection) => correctProfile(profileId, correction),
    onSuccess: async () => {
      await onSuccess()
      onDone()
    },
  })
  if (corrections.length === 0 && !request) return null
  const wordOf = (field: string) => {
    const known = FIELDS.find((each) => each === field)
    return known ? t(`corrections.field_${known}`) : field
  }
  return (
    <Card title={t('corrections.title')} hint={t('corrections.hint')}>
      {corrections.length > 0 && (
        <dl className="zk-facts">
          {corrections.map((each) => (
            <div key={each.field}>
              <dt>{wordOf(each.field)}</dt>
              <dd>
                {t('corrections.made', { at: format.instant(each.made_at), author: each.author })}{' '}
                {mayDecide && (
                  <button type="button" className="zk-link-button" disabled={withdraw.isPending} onClick={() => withdraw.mutate(each.field)}>
                    {t('corrections.withdraw')}
                  </button>
                )}
              </dd>
            </div>
          ))}
        </dl>
      )}
      {withdraw.error && <ErrorNotice error={withdraw.error} />}
      {request && mayDecide && <New request={request} isSaving={save.isPending} onSave={save.mutate} />}
      {save.error && <ErrorNotice error={save.error} />}
    </Card>
  )
}

function New({ request, isSaving, onSave }: { request: string; isSaving: boolean; onSave: (correction: NewCorrection) => void }) {
  const { t } = useTranslation()
  const id = useId()
  const [field, setField] = useState<string>('name')
  const [value, setValue] = useState('')
  const submit = (event: SyntheticEvent) => {
    event.preventDefault()
    onSave({ field, value: value.trim(), request_id: request })
  }
  return (
    <form className="zk-sheet-form" onSubmit={submit}>
      <label htmlFor={`${id}-field`}>{t('corrections.field')}</label>
      <select id={`${id}-field`} className="zk-select" value={field} onChange={(event) => setField(event.target.value)}>
        {FIELDS.map((each) => (
          <option key={each} value={each}>
            {t(`corrections.field_${each}`)}
          </option>
        ))}
      </select>
      <label htmlFor={`${id}-value`}>{t('corrections.value')}</label>
      <Input id={`${id}-value`} value={value} maxLength={300} autoComplete="off" onChange={(event) => setValue(event.target.value)} />
      <p className="zk-muted">
        {t('corrections.request')} <code>{request}</code>
      </p>
      <div className="zk-form-actions">
        <Button type="primary" htmlType="submit" disabled={!value.trim()} loading={isSaving}>
          {t('corrections.save')}
        </Button>
      </div>
    </form>
  )
}
