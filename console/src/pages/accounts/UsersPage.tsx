// 用户: who may sign in, as what, and for which customers.
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { Button } from 'antd'
import { lazy, Suspense } from 'react'
import { useTranslation } from 'react-i18next'
import { usersQuery, type UserItem } from '../../api/accounts'
import { May } from '../../app/session'
import { useFormat } from '../../app/workspace'
import { Card } from '../../ui/Card'
import { useColumns, type ChoosableColumn } from '../../ui/columns'
import { DataTable } from '../../ui/DataTable'
import { Page } from '../../ui/Page'
import { ErrorNotice, Notice, Skeleton } from '../../ui/states'
import { word } from '../../words'
import './accounts.css'

// Forms are asked for when somebody opens one.
const NewUser = lazy(() => import('./NewUser'))
const UserSheet = lazy(() => import('./UserSheet'))

const route = getRouteApi('/governance/users')

export default function UsersPage() {
  const { t } = useTranslation()
  const { user: open } = route.useSearch()
  const navigate = route.useNavigate()
  const query = useQuery(usersQuery)
  const show = (user?: string) => void navigate({ search: user ? { user } : {}, resetScroll: false })
  const found = query.data?.items.find((each) => each.user_id === open)
  return (
    <Page
      title={t('users.title')}
      question={t('users.question')}
      actions={
        <May to="users.manage">
          <Button type="primary" onClick={() => show('new')}>
            {t('users.add')}
          </Button>
        </May>
      }
    >
      {open === 'new' && (
        <May to="users.manage">
          <Suspense fallback={<Skeleton rows={5} height={28} />}>
            <NewUser onClose={() => show()} />
          </Suspense>
        </May>
      )}
      <Card title={t('users.all')} hint={query.data && String(query.data.items.length)}>
        {query.isPending && <Skeleton rows={4} height={28} />}
        {query.isError && <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />}
        {query.data && <UserTable users={query.data.items} now={query.dataUpdatedAt} peeked={open} onPeek={(user) => show(user.user_id)} />}
      </Card>
      {found && (
        <Suspense fallback={<Skeleton rows={5} height={28} />}>
          <UserSheet key={found.user_id} user={found} now={query.dataUpdatedAt} onClose={() => show()} />
        </Suspense>
      )}
      {query.data && open && open !== 'new' && !found && <Notice title={t('users.no_such')} />}
    </Page>
  )
}

function UserTable({ users, now, peeked, onPeek }: { users: readonly UserItem[]; now: number; peeked: string | undefined; onPeek: (user: UserItem) => void }) {
  const { t } = useTranslation()
  const format = useFormat()
  const columns: ChoosableColumn<UserItem>[] = [
    {
      key: 'name',
      title: t('users.name'),
      isHead: true,
      isFixed: true,
      cell: (user) => (
        <button type="button" className="zk-link-button" onClick={() => onPeek(user)}>
          {user.name}
        </button>
      ),
    },
    { key: 'display_name', title: t('users.display_name'), cell: (user) => user.display_name || '--' },
    { key: 'roles', title: t('users.roles'), cell: (user) => user.roles.map((role) => word(t, 'role', role)).join(t('access.and')) || '--' },
    { key: 'scope', title: t('users.scope'), cell: (user) => [...user.provinces, ...user.stores].join(t('access.and')) || t('users.scope_all') },
    { key: 'totp', title: t('users.totp'), cell: (user) => (user.has_totp ? t('users.totp_on') : t('users.totp_off')) },
    { key: 'state', title: t('users.state'), cell: (user) => <UserState user={user} now={now} /> },
    { key: 'seen', title: t('users.seen'), align: 'right', cell: (user) => (user.last_seen_at ? format.relative(user.last_seen_at, now) : t('users.never')) },
    { key: 'created', title: t('users.created'), align: 'right', isExtra: true, cell: (user) => format.instant(user.created_at) },
  ]
  const { shown, chooser } = useColumns('users', columns)
  return (
    <>
      <DataTable caption={t('users.title')} rows={users} rowKey={(user) => user.user_id} columns={shown} hasRowKeys onPeek={onPeek} peeked={peeked} />
      <div className="zk-form-actions">{chooser}</div>
    </>
  )
}

export function UserState({ user, now }: { user: UserItem; now: number }) {
  const { t } = useTranslation()
  const isLocked = user.locked_until !== null && Date.parse(user.locked_until) > now
  const [colour, words] = user.disabled
    ? ['text-3', t('users.is_disabled')]
    : isLocked
      ? ['error', t('users.is_locked')]
      : user.must_change_password
        ? ['warning', t('users.is_new')]
        : ['success', t('users.is_on')]
  return (
    <span className="zk-tag">
      <span className="zk-dot" style={{ background: `var(--zk-${colour})` }} />
      {words}
    </span>
  )
}
