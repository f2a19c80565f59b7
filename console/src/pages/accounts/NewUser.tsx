// Somebody is added: the server makes a password for the first time, shown once.
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Button, Input } from 'antd'
import { useId, useState, type SyntheticEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { addUser } from '../../api/accounts'
import { useMay } from '../../app/session'
import { Card } from '../../ui/Card'
import { ErrorNotice } from '../../ui/states'
import { RolesField } from './RolesField'
import { conflictOf } from './roles'
import { ScopeFields, type Scope } from './ScopeFields'
import { ShownOnce } from './ShownOnce'

const NOWHERE: Scope = { provinces: [], stores: [] }

export default function NewUser({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation()
  const id = useId()
  const cache = useQueryClient()
  const mayAssign = useMay('roles.assign')
  const [name, setName] = useState('')
  const [displayName, setDisplayName] = useState('')
  const [roles, setRoles] = useState<string[]>([])
  const [scope, setScope] = useState(NOWHERE)
  const add = useMutation({
    mutationFn: () => addUser({ name: name.trim(), display_name: displayName.trim(), ...(mayAssign ? { roles, ...scope } : {}) }),
    onSuccess: () => cache.invalidateQueries({ queryKey: ['users'] }),
  })
  const isReady = name.trim() !== '' && (roles.length > 0 || !mayAssign) && conflictOf(roles, false) === undefined
  const submit = (event: SyntheticEvent) => {
    event.preventDefault()
    if (isReady && !add.isPending) add.mutate()
  }
  if (add.data) {
    const { user, password } = add.data
    return (
      <Card title={t('users.added', { name: user.name })}>
        <ShownOnce title={t('users.one_time', { name: user.name })} help={t('users.one_time_help')} secrets={[password]} onDone={onClose} />
      </Card>
    )
  }
  return (
    <Card title={t('users.add')}>
      <form className="zk-source-form" onSubmit={submit}>
        <div className="zk-field">
          <label htmlFor={`${id}-name`}>{t('users.name')}</label>
          <Input id={`${id}-name`} value={name} autoComplete="off" autoCapitalize="none" spellCheck={false} maxLength={64} autoFocus aria-describedby={`${id}-name-help`} onChange={(event) => setName(event.target.value)} />
          <p id={`${id}-name-help`} className="zk-field-help">
            {t('users.name_help')}
          </p>
        </div>
        <div className="zk-field">
          <label htmlFor={`${id}-display`}>{t('users.display_name')}</label>
          <Input id={`${id}-display`} value={displayName} autoComplete="off" maxLength={64} onChange={(event) => setDisplayName(event.target.value)} />
        </div>
        <RolesField roles={roles} onChange={setRoles} isFixed={!mayAssign} />
        <ScopeFields scope={scope} onChange={setScope} isFixed={!mayAssign} />
        {!mayAssign && <p className="zk-muted">{t('users.roles_by_security')}</p>}
        {add.isError && <ErrorNotice error={add.error} title={t('users.failed')} />}
        <div className="zk-form-actions">
          <Button type="primary" htmlType="submit" loading={add.isPending} disabled={!isReady}>
            {t('users.make')}
          </Button>
          <Button onClick={onClose}>{t('access.cancel')}</Button>
        </div>
      </form>
    </Card>
  )
}
