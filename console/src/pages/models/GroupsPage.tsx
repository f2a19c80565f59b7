// 聚类 Groups: which kinds of customers are there, and what sets each apart?
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { groupsQuery, modelsQuery } from '../../api/models'
import { useFormat } from '../../app/workspace'
import { Save } from '../../charts/Chart'
import { Card } from '../../ui/Card'
import { DataTable } from '../../ui/DataTable'
import { Page } from '../../ui/Page'
import { SmallGroups } from '../../ui/SmallGroups'
import { ErrorNotice, Notice, Skeleton } from '../../ui/states'
import { RulePeople } from '../customers/RulePeople'
import { Grade } from './Grade'
import { clusterRule } from './rules'
import './models.css'

const route = getRouteApi('/insight/groups')

export default function GroupsPage() {
  const { t, i18n } = useTranslation()
  const { group } = route.useSearch()
  const navigate = route.useNavigate()
  const open = (next: number | undefined) => void navigate({ search: { group: next }, resetScroll: false })
  const query = useQuery(groupsQuery)
  const versions = useQuery(modelsQuery)
  const { data } = query
  const format = useFormat(data?.currency)
  const nameOf = (one: { label_zh: string; label_en: string }) => (i18n.language === 'zh' ? one.label_zh : one.label_en)
  const chosen = data?.items.find((one) => one.cluster === group)
  const total = data?.items.reduce((sum, one) => sum + (one.n_customers ?? 0), 0) ?? 0
  const money = data?.items.reduce((sum, one) => sum + Number(one.monetary ?? 0), 0) ?? 0
  const most = data?.items.toSorted((a, b) => Number(b.monetary ?? 0) - Number(a.monetary ?? 0))[0]
  return (
    <Page title={t('models.groups')} question={t('models.groups_question')} actions={<Link to="/insight/migration" search={{ what: 'cluster' }} className="zk-button">{t('models.groups_moves')}</Link>}>
      {query.isPending && <Card><Skeleton rows={6} height={30} /></Card>}
      {query.isError && <Card><ErrorNotice error={query.error} onRetry={() => void query.refetch()} /></Card>}
      {data && !data.as_of && <Card><Notice title={t('state.not_computed')} help={t('state.not_computed_help')} /></Card>}
      {data?.as_of && (
        <>
          <SmallGroups isSuppressed={data.items.some((one) => one.n_customers === null)} />
          {most && money > 0 && (
            <p className="zk-sentence">
              <strong>{t('overview.means')}</strong>
              <span>
                {t('models.groups_says', {
                  name: nameOf(most),
                  people: format.ratio(total > 0 ? (most.n_customers ?? 0) / total : null),
                  money: format.ratio(Number(most.monetary ?? 0) / money),
                })}
              </span>
            </p>
          )}
          <Grade versions={versions.data?.items ?? []} models={['clusters']} />
          {data.items.length === 0 && <Card><Notice title={t('models.groups_none')} help={t('models.groups_none_help')} /></Card>}
          {data.items.length > 0 && (
            <Card title={t('models.groups_table')} hint={t('rfm.groups_hint')}>
              <DataTable
                caption={t('models.groups_table')}
                rows={data.items}
                rowKey={(one) => one.cluster}
                columns={[
                  { key: 'label', title: t('models.group'), isHead: true, cell: (one) => <button type="button" className="zk-link-button" onClick={() => open(one.cluster)}>{nameOf(one)}</button> },
                  { key: 'n', title: t('overview.people'), align: 'right', cell: (one) => format.people(one.n_customers) },
                  { key: 'share', title: t('overview.people_ratio'), align: 'right', cell: (one) => format.ratioColumn(one.n_customers == null ? null : one.n_customers / Math.max(total, 1)) },
                  { key: 'money_share', title: t('overview.money_ratio'), align: 'right', cell: (one) => format.ratioColumn(one.monetary == null || money === 0 ? null : Number(one.monetary) / money) },
                  { key: 'recency', title: t('models.group_recency'), align: 'right', cell: (one) => (one.recency_days == null ? '--' : format.count(Math.round(one.recency_days))) },
                  { key: 'frequency', title: t('models.group_frequency'), align: 'right', cell: (one) => format.quantity(one.frequency?.toFixed(1)) },
                  { key: 'average', title: t('rfm.average', { unit: format.moneyUnit }), align: 'right', cell: (one) => (one.monetary == null || !one.n_customers ? '--' : format.amountWhole(Number(one.monetary) / one.n_customers)) },
                ]}
              />
              <Save
                title={t('models.groups')}
                numbers={() => ({
                  head: [t('models.group'), t('overview.people'), t('models.group_recency'), t('models.group_frequency'), t('overview.money', { unit: format.moneyUnit })],
                  rows: data.items.map((one) => [nameOf(one), one.n_customers, one.recency_days, one.frequency, one.monetary]),
                })}
              />
            </Card>
          )}
          {chosen && <RulePeople title={nameOf(chosen)} rule={clusterRule(chosen.cluster)} asOf={data.as_of} onClose={() => open(undefined)} />}
        </>
      )}
    </Page>
  )
}
