// A key to be made: for one program, with no more than it needs, for no longer than it must.
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Button, Input, Select } from 'antd'
import { useId, useState, type SyntheticEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { apiKeysQuery, makeApiKey, rolesQuery } from '../../api/accounts'
import { useSession } from '../../app/session'
import { useSettings } from '../../app/settings'
import { ErrorNotice } from '../../ui/states'
import { ShownOnce } from './ShownOnce'

const DAYS = [7, 30, 90, 180, 365] as const
const USUAL_DAYS = 90

export default function NewApiKey({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation()
  const { lang } = useSettings()
  const id = useId()
  const cache = useQueryClient()
  const mine = useSession()?.permissions ?? []
  // Words for permissions come with the roles.
  const { data: sheet } = useQuery(rolesQuery)
  const words = new Map(sheet?.permissions.map((each) => [each.permission, each[lang]]))
  const [name, setName] = useState('')
  const [permissions, setPermissions] = useState<string[]>([])
  const [days, setDays] = useState<number>(USUAL_DAYS)
  const make = useMutation({
    mutationFn: () => makeApiKey({ name: name.trim(), permissions, days }),
    onSuccess: () => cache.invalidateQueries({ queryKey: apiKeysQuery.queryKey }),
  })
  const isReady = name.trim() !== '' && permissions.length > 0
  const submit = (event: SyntheticEvent) => {
    event.preventDefault()
    if (isReady && !make.isPending) make.mutate()
  }
  if (make.data) return <ShownOnce title={t('api_keys.made', { name: make.data.api_key.name })} help={t('api_keys.made_help')} secrets={[make.data.key]} onDone={onClose} />
  return (
    <form className="zk-source-form" onSubmit={submit}>
      <div className="zk-field">
        <label htmlFor={`${id}-name`}>{t('api_keys.name')}</label>
        <Input id={`${id}-name`} value={name} autoComplete="off" maxLength={64} autoFocus aria-describedby={`${id}-name-help`} onChange={(event) => setName(event.target.value)} />
        <p id={`${id}-name-help`} className="zk-field-help">
          {t('api_keys.name_help')}
        </p>
      </div>
      <fieldset className="zk-roles-field">
        <legend>{t('api_keys.permissions')}</legend>
        <div className="zk-choices zk-choices-many" role="group" aria-label={t('api_keys.permissions')} tabIndex={0}>
          {mine.map((permission) => (
            <label key={permission} className="zk-check">
              <input
                type="checkbox"
                checked={permissions.includes(permission)}
                onChange={(event) => setPermissions(event.target.checked ? [...permissions, permission] : permissions.filter((each) => each !== permission))}
              />
              {words.get(permission) ?? ''} <code className="zk-muted">{permission}</code>
            </label>
          ))}
        </div>
      </fieldset>
      <div className="zk-field">
        <label htmlFor={`${id}-days`}>{t('api_keys.days')}</label>
        <Select id={`${id}-days`} value={days} onChange={setDays} options={DAYS.map((value) => ({ value, label: t('api_keys.n_days', { count: value }) }))} />
      </div>
      {make.isError && <ErrorNotice error={make.error} title={t('api_keys.failed')} />}
      <div className="zk-form-actions">
        <Button type="primary" htmlType="submit" loading={make.isPending} disabled={!isReady}>
          {t('api_keys.make')}
        </Button>
        <Button onClick={onClose}>{t('access.cancel')}</Button>
      </div>
    </form>
  )
}
