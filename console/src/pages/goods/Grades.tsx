// Whether what customers want can be told: grades of the methods in plain words, the one in use, what is due again.
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { recommendationsQuery, type Recommendations } from '../../api/goods'
import { useSettings } from '../../app/settings'
import { useFormat } from '../../app/workspace'
import { Save } from '../../charts/Chart'
import { Card } from '../../ui/Card'
import { DataTable, type Column } from '../../ui/DataTable'
import { Facts } from '../../ui/Facts'
import { ErrorNotice, Notice, Skeleton } from '../../ui/states'
import { Status } from '../models/Grade'
import '../models/models.css'

type Method = Recommendations['methods'][number]
/** Goods of a list that is graded. */
const LIST = 10

export function Grades() {
  const { t } = useTranslation()
  const query = useQuery(recommendationsQuery)
  const { data } = query
  if (query.isPending) {
    return (
      <Card>
        <p className="zk-muted" role="status">
          {t('goods.learning')}
        </p>
        <Skeleton rows={6} height={28} />
      </Card>
    )
  }
  if (query.isError) return <Card><ErrorNotice error={query.error} onRetry={() => void query.refetch()} /></Card>
  if (!data?.as_of) return <Card><Notice title={t('goods.person_none')} help={t('goods.person_none_help')} /></Card>
  return <Told told={data} />
}

function Told({ told }: { told: Recommendations }) {
  const { t } = useTranslation()
  const { lang } = useSettings()
  const format = useFormat()
  const isZh = lang === 'zh'
  const hits = (precision: number | undefined) => (precision === undefined ? '--' : (precision * LIST).toFixed(2))
  const columns: Column<Method>[] = [
    { key: 'method', title: t('goods.method'), isHead: true, cell: (one) => (isZh ? one.name_zh : one.name) },
    { key: 'fresh', title: t('goods.hits_fresh'), align: 'right', cell: (one) => hits(one.fresh?.precision) },
    { key: 'ndcg', title: t('goods.ndcg'), align: 'right', cell: (one) => (one.fresh ? `${one.fresh.ndcg.toFixed(3)} ± ${one.fresh.ndcg_error.toFixed(3)}` : '--') },
    { key: 'any', title: t('goods.hits_any'), align: 'right', cell: (one) => hits(one.any?.precision) },
    { key: 'coverage', title: t('goods.coverage'), align: 'right', cell: (one) => (one.fresh ? format.ratioColumn(one.fresh.coverage) : '--') },
    { key: 'popularity', title: t('goods.popularity'), align: 'right', cell: (one) => (one.fresh ? t('goods.popularity_says', { n: one.fresh.popularity_lift.toFixed(1) }) : '--') },
    { key: 'used', title: t('goods.used'), align: 'center', cell: (one) => (one.is_best_fresh && told.status === 'live' ? '✓' : '') },
  ]
  return (
    <>
      <p className="zk-sentence">
        <strong>{t('overview.means')}</strong>
        <span>{isZh ? told.meaning_zh : told.meaning}</span>
        <Status status={told.status} />
      </p>
      <Facts
        facts={[
          [t('goods.learnt_customers'), format.count(told.n_customers)],
          [t('goods.learnt_goods'), format.count(told.n_goods)],
          [t('goods.graded'), format.count(told.n_graded)],
          [t('goods.due_people'), format.people(told.n_due_people)],
          [t('goods.due'), format.people(told.n_due)],
          [t('goods.refused'), format.people(told.n_refused)],
        ]}
      />
      {told.methods.length > 0 && (
        <Card title={t('goods.wanted')} hint={t('goods.wanted_hint')}>
          <DataTable caption={t('goods.wanted')} rows={told.methods} rowKey={(one) => one.method} columns={columns} />
          <Save
            title={t('goods.wanted')}
            numbers={() => ({
              head: [t('goods.method'), t('goods.hits_fresh'), t('goods.ndcg'), t('goods.hits_any'), t('goods.coverage'), t('goods.popularity')],
              rows: told.methods.map((one) => [isZh ? one.name_zh : one.name, one.fresh && one.fresh.precision * LIST, one.fresh?.ndcg, one.any && one.any.precision * LIST, one.fresh?.coverage, one.fresh?.popularity_lift]),
            })}
          />
          <details className="zk-depth">
            <summary>{t('goods.depth')}</summary>
            <p className="zk-muted">{t('goods.wanted_depth')}</p>
          </details>
        </Card>
      )}
      <p className="zk-muted">{t('goods.wanted_where')}</p>
    </>
  )
}
