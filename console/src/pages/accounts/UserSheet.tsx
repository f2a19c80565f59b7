// One user: roles and customers, and what is done when somebody has left, is locked out or has lost the password.
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Button, Input, Popconfirm } from 'antd'
import { useId, useState, type SyntheticEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { changeUser, resetUser, unlockUser, type UserChanges, type UserItem } from '../../api/accounts'
import { May, useMay, useSession } from '../../app/session'
import { useFormat } from '../../app/workspace'
import { Card } from '../../ui/Card'
import { ErrorNotice } from '../../ui/states'
import { RolesField } from './RolesField'
import { conflictOf } from './roles'
import { ScopeFields } from './ScopeFields'
import { ShownOnce } from './ShownOnce'

type Draft = Omit<UserChanges, 'disabled'>

const draftOf = ({ display_name, roles, provinces, stores }: UserItem): Draft => ({ display_name, roles, provinces, stores })

/** What differs: naming more would ask for more permissions. */
const changesIn = (draft: Draft, old: Draft): Partial<Draft> =>
  Object.fromEntries(Object.entries(draft).filter(([key, value]) => JSON.stringify(value) !== JSON.stringify(old[key as keyof Draft])))

export default function UserSheet({ user, now, onClose }: { user: UserItem; now: number; onClose: () => void }) {
  const { t } = useTranslation()
  const format = useFormat()
  const id = useId()
  const cache = useQueryClient()
  const mayManage = useMay('users.manage')
  const mayAssign = useMay('roles.assign')
  const isMe = useSession()?.user.user_id === user.user_id
  const [draft, setDraft] = useState(() => draftOf(user))
  const onSuccess = () => cache.invalidateQueries({ queryKey: ['users'] })
  const save = useMutation({ mutationFn: (changes: Partial<UserChanges>) => changeUser(user.user_id, changes), onSuccess })
  const reset = useMutation({ mutationFn: () => resetUser(user.user_id), onSuccess })
  const unlock = useMutation({ mutationFn: () => unlockUser(user.user_id), onSuccess })
  const changes = changesIn(draft, draftOf(user))
  const isChanged = Object.keys(changes).length > 0
  const isLocked = user.locked_until !== null && Date.parse(user.locked_until) > now
  const failed = save.error ?? reset.error ?? unlock.error
  const submit = (event: SyntheticEvent) => {
    event.preventDefault()
    if (isChanged && !save.isPending) save.mutate(changes)
  }
  const turn = () => save.mutate({ disabled: !user.disabled })
  return (
    <Card title={user.name} extra={<Button onClick={onClose}>{t('users.close')}</Button>}>
      {reset.data && <ShownOnce title={t('users.one_time', { name: user.name })} help={t('users.one_time_help')} secrets={[reset.data.password]} />}
      <form className="zk-source-form" onSubmit={submit}>
        <div className="zk-field">
          <label htmlFor={id}>{t('users.display_name')}</label>
          <Input id={id} value={draft.display_name} disabled={!mayManage} maxLength={64} onChange={(event) => setDraft({ ...draft, display_name: event.target.value })} />
        </div>
        <RolesField roles={draft.roles} onChange={(roles) => setDraft({ ...draft, roles })} isFixed={!mayAssign} />
        <ScopeFields scope={draft} onChange={(scope) => setDraft({ ...draft, ...scope })} isFixed={!mayAssign} />
        {(mayManage || mayAssign) && (
          <>
            <p className="zk-muted">{t('users.ends_sessions')}</p>
            <div className="zk-form-actions">
              <Button type="primary" htmlType="submit" loading={save.isPending} disabled={!isChanged || conflictOf(draft.roles, false) !== undefined}>
                {t('users.save')}
              </Button>
              <span className="zk-muted" role="status">
                {save.isSuccess && !isChanged && t('users.saved')}
              </span>
            </div>
          </>
        )}
      </form>
      {failed && <ErrorNotice error={failed} title={t('users.failed')} />}
      <dl className="zk-facts">
        <div>
          <dt>{t('users.totp')}</dt>
          <dd>{user.has_totp ? t('users.totp_on') : t('users.totp_off')}</dd>
        </div>
        <div>
          <dt>{t('users.seen')}</dt>
          <dd>{user.last_seen_at ? format.instant(user.last_seen_at) : t('users.never')}</dd>
        </div>
        <div>
          <dt>{t('users.created')}</dt>
          <dd>{format.instant(user.created_at)}</dd>
        </div>
        {isLocked && (
          <div>
            <dt>{t('users.locked_until')}</dt>
            <dd>{format.instant(user.locked_until)}</dd>
          </div>
        )}
      </dl>
      <May to="users.manage">
        <div className="zk-form-actions">
          {isLocked && (
            <Button loading={unlock.isPending} onClick={() => unlock.mutate()}>
              {t('users.unlock')}
            </Button>
          )}
          {!isMe && (
            <>
              <Popconfirm title={t('users.reset_sure')} okText={t('users.reset')} cancelText={t('access.cancel')} onConfirm={() => reset.mutate()}>
                <Button loading={reset.isPending}>{t('users.reset')}</Button>
              </Popconfirm>
              {user.disabled ? (
                <Button loading={save.isPending} onClick={turn}>
                  {t('users.enable')}
                </Button>
              ) : (
                <Popconfirm title={t('users.disable_sure')} okText={t('users.disable')} cancelText={t('access.cancel')} onConfirm={turn}>
                  <Button danger loading={save.isPending}>
                    {t('users.disable')}
                  </Button>
                </Popconfirm>
              )}
            </>
          )}
        </div>
      </May>
    </Card>
  )
}
