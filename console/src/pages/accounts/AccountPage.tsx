// 我的账号: who I am here, my password, my second factor, my keys.
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useRouter } from '@tanstack/react-router'
import { Button, Input } from 'antd'
import { lazy, Suspense, useId, useState, type SyntheticEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { changePassword, removeTotp, sessionQuery, type User } from '../../api/accounts'
import { homeOf } from '../../app/places'
import { May, useSession } from '../../app/session'
import { Card } from '../../ui/Card'
import { Page } from '../../ui/Page'
import { ErrorNotice, Skeleton } from '../../ui/states'
import { word } from '../../words'
import { isChosen, NewPassword, NOTHING_CHOSEN } from './NewPassword'
import './accounts.css'

const NewTotp = lazy(() => import('./NewTotp'))
const ApiKeys = lazy(() => import('./ApiKeys'))

export default function AccountPage() {
  const { t } = useTranslation()
  const user = useSession()?.user
  if (!user) return null
  return (
    <Page title={t('account.title')} question={user.must_change_password ? undefined : t('account.question')}>
      {user.must_change_password && (
        <p className="zk-sentence" role="alert">
          {t('account.must_change')}
        </p>
      )}
      <div className="zk-columns-main">
        <div className="zk-stack">
          <Password user={user} />
          {!user.must_change_password && <SecondFactor user={user} />}
        </div>
        <Who user={user} />
      </div>
      {!user.must_change_password && (
        <May to="keys.manage">
          <Card title={t('api_keys.mine')}>
            <Suspense fallback={<Skeleton rows={3} height={28} />}>
              <ApiKeys owner={user.name} />
            </Suspense>
          </Card>
        </May>
      )}
    </Page>
  )
}

function Who({ user }: { user: User }) {
  const { t } = useTranslation()
  const scope = [...user.provinces, ...user.stores].join(t('access.and'))
  const facts: [string, string][] = [
    [t('users.name'), user.name],
    [t('users.display_name'), user.display_name || '--'],
    [t('users.roles'), user.roles.map((role) => word(t, 'role', role)).join(t('access.and')) || t('access.no_role')],
    [t('users.scope'), scope || t('users.scope_all')],
  ]
  return (
    <Card title={t('account.who')}>
      <dl className="zk-facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <p className="zk-muted">{t('account.who_help')}</p>
    </Card>
  )
}

function Password({ user }: { user: User }) {
  const { t } = useTranslation()
  const id = useId()
  const cache = useQueryClient()
  const router = useRouter()
  const [old, setOld] = useState('')
  const [chosen, setChosen] = useState(NOTHING_CHOSEN)
  const change = useMutation({
    mutationFn: () => changePassword(old, chosen.password),
    onSuccess: async () => {
      setOld('')
      setChosen(NOTHING_CHOSEN)
      const session = await cache.query({ ...sessionQuery, staleTime: 0 })
      if (session && user.must_change_password) await router.navigate({ to: homeOf(session) })
    },
  })
  const isReady = old !== '' && isChosen(chosen, user.name)
  const submit = (event: SyntheticEvent) => {
    event.preventDefault()
    if (isReady && !change.isPending) change.mutate()
  }
  return (
    <Card title={t('account.password')}>
      <form className="zk-sign-in" onSubmit={submit}>
        {/* Password managers want to know whose password it is. */}
        <input hidden readOnly autoComplete="username" value={user.name} />
        <div className="zk-field">
          <label htmlFor={`${id}-old`}>{user.must_change_password ? t('account.one_time') : t('account.old_password')}</label>
          <Input.Password id={`${id}-old`} value={old} autoComplete="current-password" onChange={(event) => setOld(event.target.value)} />
        </div>
        <NewPassword chosen={chosen} onChange={setChosen} name={user.name} />
        {change.isError && <ErrorNotice error={change.error} title={t('account.password_failed')} />}
        <div className="zk-form-actions">
          <Button type="primary" htmlType="submit" loading={change.isPending} disabled={!isReady}>
            {t('account.change_password')}
          </Button>
          <span className="zk-muted" role="status">
            {change.isSuccess && t('account.password_changed')}
          </span>
        </div>
      </form>
    </Card>
  )
}

function SecondFactor({ user }: { user: User }) {
  const { t } = useTranslation()
  const id = useId()
  const cache = useQueryClient()
  const [isAdding, setAdding] = useState(false)
  const [password, setPassword] = useState('')
  const again = () => cache.query({ ...sessionQuery, staleTime: 0 })
  const remove = useMutation({
    mutationFn: () => removeTotp(password),
    onSuccess: async () => {
      setPassword('')
      await again()
    },
  })
  const submit = (event: SyntheticEvent) => {
    event.preventDefault()
    if (password !== '' && !remove.isPending) remove.mutate()
  }
  return (
    <Card title={t('account.totp')} hint={user.has_totp && !isAdding ? t('account.totp_on') : t('account.totp_off')}>
      <p className="zk-muted">{t('account.totp_help')}</p>
      {isAdding && (
        <Suspense fallback={<Skeleton rows={5} height={28} />}>
          <NewTotp
            onDone={() => {
              setAdding(false)
              void again()
            }}
            onCancel={() => setAdding(false)}
          />
        </Suspense>
      )}
      {!isAdding && !user.has_totp && (
        <div className="zk-form-actions">
          <Button onClick={() => setAdding(true)}>{t('account.totp_add')}</Button>
        </div>
      )}
      {!isAdding && user.has_totp && (
        <form className="zk-sign-in" onSubmit={submit}>
          <div className="zk-field">
            <label htmlFor={id}>{t('account.totp_password')}</label>
            <Input.Password id={id} value={password} autoComplete="current-password" onChange={(event) => setPassword(event.target.value)} />
          </div>
          {remove.isError && <ErrorNotice error={remove.error} title={t('account.totp_failed')} />}
          <div className="zk-form-actions">
            <Button htmlType="submit" danger loading={remove.isPending} disabled={password === ''}>
              {t('account.totp_remove')}
            </Button>
          </div>
        </form>
      )}
    </Card>
  )
}
