// 扫码绑定: a code that ties a customer, or the visit of a store, to whoever scans it.
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { lazy, Suspense } from 'react'
import { useTranslation } from 'react-i18next'
import { bindingsQuery, sourcesQuery } from '../../api/queries'
import { useMay } from '../../app/session'
import { Card } from '../../ui/Card'
import { Page } from '../../ui/Page'
import { ErrorNotice, Skeleton } from '../../ui/states'
import { BindForm } from './BindForm'
import { BindList } from './BindList'

// Drawing is asked for with the first code.
const BindCode = lazy(() => import('./BindCode'))

const route = getRouteApi('/data/bind')

export default function BindPage() {
  const { t } = useTranslation()
  const { code, profile } = route.useSearch()
  const navigate = route.useNavigate()
  const bindings = useQuery({ ...bindingsQuery, refetchInterval: 5_000 })
  // Who may not see sources binds to the only one there is.
  const maySee = useMay('sources.manage')
  const sources = useQuery({ ...sourcesQuery, enabled: maySee })
  const show = (binding?: string) => void navigate({ search: { ...(binding ? { code: binding } : {}), ...(profile ? { profile } : {}) } })
  const failed = bindings.error ?? sources.error
  return (
    <Page title={t('bind.title')} question={t('bind.question')}>
      {failed && (
        <Card>
          <ErrorNotice error={failed} onRetry={() => void Promise.all([bindings.refetch(), sources.refetch()])} />
        </Card>
      )}
      <div className="zk-bind">
        {(sources.data ?? !maySee) && <BindForm key={profile} profile={profile} sources={sources.data?.items.filter((source) => source.is_enabled)} onCreated={show} onForget={() => void navigate({ search: code ? { code } : {} })} />}
        {code && (
          <Suspense fallback={<Skeleton rows={4} height={28} />}>
            <BindCode key={code} bindingId={code} onClose={() => show()} />
          </Suspense>
        )}
      </div>
      <Card title={t('bind.recent')}>
        {bindings.isPending && <Skeleton rows={4} height={28} />}
        {bindings.data && <BindList bindings={bindings.data.items} peeked={code} onPeek={(binding) => show(binding.binding_id)} />}
      </Card>
    </Page>
  )
}
