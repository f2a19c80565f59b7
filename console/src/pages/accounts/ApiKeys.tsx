// Keys for programs: those there are, a new one, and the end of one.
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Button, Popconfirm } from 'antd'
import { lazy, Suspense, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { apiKeysQuery, revokeApiKey, type ApiKey } from '../../api/accounts'
import { useFormat } from '../../app/workspace'
import { DataTable } from '../../ui/DataTable'
import { ErrorNotice, Notice, Skeleton } from '../../ui/states'
import './accounts.css'

const NewApiKey = lazy(() => import('./NewApiKey'))

/** `owner`: only keys of theirs. */
export default function ApiKeys({ owner }: { owner?: string }) {
  const { t } = useTranslation()
  const [isMaking, setMaking] = useState(false)
  const query = useQuery(apiKeysQuery)
  const keys = query.data?.items.filter((key) => owner === undefined || key.owner === owner)
  return (
    <div className="zk-api-keys">
      <p className="zk-muted">{t('api_keys.help')}</p>
      {isMaking ? (
        <Suspense fallback={<Skeleton rows={5} height={28} />}>
          <NewApiKey onClose={() => setMaking(false)} />
        </Suspense>
      ) : (
        <div className="zk-form-actions">
          <Button type="primary" onClick={() => setMaking(true)}>
            {t('api_keys.make')}
          </Button>
        </div>
      )}
      {query.isPending && <Skeleton rows={3} height={28} />}
      {query.isError && <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />}
      {keys && (keys.length > 0 ? <KeyTable keys={keys} now={query.dataUpdatedAt} hasOwner={owner === undefined} /> : <Notice title={t('api_keys.none')} help={t('api_keys.none_help')} />)}
    </div>
  )
}

function KeyTable({ keys, now, hasOwner }: { keys: readonly ApiKey[]; now: number; hasOwner: boolean }) {
  const { t } = useTranslation()
  const format = useFormat()
  return (
    <DataTable
      caption={t('api_keys.title')}
      rows={keys}
      rowKey={(key) => key.key_id}
      columns={[
        { key: 'name', title: t('api_keys.name'), isHead: true, cell: (key) => key.name },
        { key: 'prefix', title: t('api_keys.prefix'), cell: (key) => <code>{key.prefix}…</code> },
        ...(hasOwner ? [{ key: 'owner', title: t('api_keys.owner'), cell: (key: ApiKey) => key.owner }] : []),
        { key: 'permissions', title: t('api_keys.permissions'), cell: (key) => <span title={key.permissions.join('\n')}>{t('api_keys.n_permissions', { count: key.permissions.length })}</span> },
        { key: 'expires', title: t('api_keys.expires'), cell: (key) => (Date.parse(key.expires_at) <= now ? t('api_keys.expired') : format.instant(key.expires_at)) },
        { key: 'used', title: t('api_keys.used'), cell: (key) => (key.last_used_at ? format.relative(key.last_used_at, now) : t('api_keys.never_used')) },
        { key: 'revoke', title: t('api_keys.act'), cell: (key) => <Revoke apiKey={key} /> },
      ]}
    />
  )
}

function Revoke({ apiKey: { key_id, name } }: { apiKey: ApiKey }) {
  const { t } = useTranslation()
  const cache = useQueryClient()
  const revoke = useMutation({ mutationFn: () => revokeApiKey(key_id), onSuccess: () => cache.invalidateQueries({ queryKey: apiKeysQuery.queryKey }) })
  return (
    <>
      <Popconfirm title={t('api_keys.revoke_sure', { name })} okText={t('api_keys.revoke')} cancelText={t('access.cancel')} onConfirm={() => revoke.mutate()}>
        <Button size="small" danger loading={revoke.isPending} aria-label={t('api_keys.revoke_named', { name })}>
          {t('api_keys.revoke')}
        </Button>
      </Popconfirm>
      {revoke.isError && <ErrorNotice error={revoke.error} />}
    </>
  )
}
