// 角色与脱敏: what each role may do, what it sees of personal values, and whether administrators are separated.
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { rolesQuery } from '../../api/accounts'
import { ROLE_VIEWS } from '../../app/search'
import { Card } from '../../ui/Card'
import { Page } from '../../ui/Page'
import { ErrorNotice, Skeleton } from '../../ui/states'
import { Tabs } from '../../ui/Tabs'
import { Masks } from './Masks'
import { Matrix } from './Matrix'
import { Separation } from './Separation'
import './accounts.css'

const route = getRouteApi('/governance/roles')

export default function RolesPage() {
  const { t } = useTranslation()
  const { view } = route.useSearch()
  const navigate = route.useNavigate()
  const query = useQuery(rolesQuery)
  const sheet = query.data
  return (
    <Page title={t('roles.title')} question={t('roles.question')}>
      <Card>
        {query.isPending && <Skeleton rows={8} height={28} />}
        {query.isError && <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />}
        {sheet && (
          <Tabs label={t('roles.title')} chosen={view} onChoose={(next) => void navigate({ search: { view: next }, replace: true })} tabs={ROLE_VIEWS.map((key) => ({ key, title: t(`roles.view_${key}`) }))}>
            {view === 'permissions' && <Matrix sheet={sheet} />}
            {view === 'masks' && <Masks sheet={sheet} />}
            {view === 'separation' && <Separation sheet={sheet} />}
          </Tabs>
        )}
      </Card>
    </Page>
  )
}
