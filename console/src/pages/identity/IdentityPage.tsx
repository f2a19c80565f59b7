// 身份: are people told apart well, what was decided by hand, and by which rules?
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { identityActsQuery, identityHealthQuery } from '../../api/identity'
import type { IdentityBridge, IdentityHealth } from '../../api/types'
import { May } from '../../app/session'
import { useFormat } from '../../app/workspace'
import { Card } from '../../ui/Card'
import { DataTable, type Column } from '../../ui/DataTable'
import { Page } from '../../ui/Page'
import { ErrorNotice, Notice, Skeleton } from '../../ui/states'
import { word } from '../../words'
import { Golden } from './Golden'
import { IdentityActs } from './IdentityActs'
import { IdentityRules } from './IdentityRules'
import { People } from './People'
import { Review } from './Review'
import { reasonWord } from './words'

export default function IdentityPage() {
  const { t } = useTranslation()
  const health = useQuery(identityHealthQuery)
  const acts = useQuery(identityActsQuery())
  return (
    <Page title={t('who.title')} question={t('who.question')}>
      <May to="identity.decide">
        <Review />
      </May>
      {health.isPending && <Card title={t('who.health')}><Skeleton rows={8} height={26} /></Card>}
      {health.isError && <Card title={t('who.health')}><ErrorNotice error={health.error} onRetry={() => void health.refetch()} /></Card>}
      {health.data && <Health health={health.data} />}
      {acts.isError && <Card title={t('who.acts')}><ErrorNotice error={acts.error} onRetry={() => void acts.refetch()} /></Card>}
      {acts.data && <IdentityActs acts={acts.data.acts} />}
      <May to="rules.write">
        <Golden />
        <IdentityRules />
      </May>
    </Page>
  )
}

type Count = [name: string, n: number]

function Health({ health }: { health: IdentityHealth }) {
  const { t } = useTranslation()
  const format = useFormat()
  const counts = (name: string, title: string, of: (name: string) => string): Column<Count>[] => [
    { key: name, title, isHead: true, cell: ([name]) => of(name) },
    { key: 'n', title: t('who.n_links'), align: 'right', cell: ([, n]) => format.count(n) },
  ]
  const sorted = (all: Record<string, number>) => Object.entries(all).sort(([, a], [, b]) => b - a)
  const bridges: Column<IdentityBridge>[] = [
    { key: 'customer', title: t('who.customers'), isHead: true, cell: (one) => <People ids={[one.profile_id]} /> },
    { key: 'kind', title: t('who.why'), cell: (one) => t('who.bridge_by', { kind: word(t, 'identity', one.kind) }) },
    { key: 'sides', title: t('who.size'), align: 'right', cell: (one) => t('who.sides', { small: one.sides[0] ?? 0, large: one.sides[1] ?? 0 }) },
  ]
  return (
    <div className="zk-columns-main">
      <div className="zk-stack">
        <Card title={t('who.bridges')} hint={t('who.bridges_hint', { n: health.n_bridges })}>
          <p className="zk-muted">{t('who.bridges_help')}</p>
          {health.bridges.length === 0 ? <Notice title={t('who.no_bridges')} /> : <DataTable caption={t('who.bridges')} columns={bridges} rows={health.bridges} rowKey={(one) => one.profile_id} />}
        </Card>
        <Card title={t('who.refused')} hint={t('who.refused_hint')}>
          {Object.keys(health.refused).length === 0 ? <Notice title={t('who.none')} /> : <DataTable caption={t('who.refused')} columns={counts('why', t('who.why'), (name) => reasonWord(t, name))} rows={sorted(health.refused)} rowKey={([name]) => name} />}
        </Card>
      </div>
      <div className="zk-stack">
        <Card title={t('who.sizes')} hint={t('who.health_hint')}>
          <DataTable
            caption={t('who.sizes')}
            columns={[
              { key: 'size', title: t('who.size'), isHead: true, cell: (one) => format.count(one.n_identities) },
              { key: 'n', title: t('who.n_customers'), align: 'right', cell: (one) => format.count(one.n_profiles) },
            ]}
            rows={health.sizes}
            rowKey={(one) => one.n_identities}
            maxHeight={260}
          />
        </Card>
        <Card title={t('who.large')} hint={t('who.health_hint')}>
          <DataTable
            caption={t('who.large')}
            columns={[
              { key: 'customer', title: t('who.customers'), isHead: true, cell: (one) => <People ids={[one.profile_id]} /> },
              { key: 'n', title: t('who.size'), align: 'right', cell: (one) => format.count(one.n_identities) },
            ]}
            rows={health.largest}
            rowKey={(one) => one.profile_id}
            maxHeight={260}
          />
        </Card>
        <Card title={t('who.set_aside')} hint={t('who.set_aside_hint')}>
          {Object.keys(health.set_aside).length === 0 ? <Notice title={t('who.none')} /> : <DataTable caption={t('who.set_aside')} columns={counts('kind', t('who.title'), (name) => word(t, 'identity', name))} rows={sorted(health.set_aside)} rowKey={([name]) => name} />}
        </Card>
      </div>
    </div>
  )
}
