// 历史: the scores of every refresh, and what was said of the customer on one of these days.
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { Select } from 'antd'
import { useTranslation } from 'react-i18next'
import { profileHistoryQuery } from '../../api/person'
import type { ProfileHistory } from '../../api/types'
import { useFormat } from '../../app/workspace'
import { Card } from '../../ui/Card'
import { DataTable } from '../../ui/DataTable'
import { ErrorNotice, Notice, Skeleton } from '../../ui/states'
import { word } from '../../words'
import { nameIn, valueIn } from '../tags/words'
import { Scores, TierTag } from './people'

const route = getRouteApi('/customers/$profileId')

export function PersonHistory({ profileId }: { profileId: string }) {
  const { t } = useTranslation()
  const format = useFormat()
  const { as_of: asOf } = route.useSearch()
  const navigate = route.useNavigate()
  const query = useQuery(profileHistoryQuery(profileId, asOf))
  const { data } = query
  if (query.isPending) return <Skeleton rows={8} height={28} />
  if (!data) return <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />
  const day = data.scores?.as_of ?? asOf
  const choose = (next: string) => void navigate({ search: (old) => ({ ...old, as_of: next }), replace: true, resetScroll: false })
  return (
    <>
      <Card title={t('person.history')} hint={t('person.history_hint')}>
        {data.days.length === 0 ? (
          <Notice title={t('person.no_history')} help={t('person.no_history_help')} />
        ) : (
          <DataTable
            caption={t('person.history')}
            rows={data.days.toReversed()}
            rowKey={(row) => row.as_of}
            columns={[
              {
                key: 'day',
                title: t('person.history_day'),
                isHead: true,
                cell: (row) => (
                  <button type="button" className="zk-link-button" aria-current={row.as_of === day} onClick={() => choose(row.as_of)}>
                    {format.day(row.as_of)}
                  </button>
                ),
              },
              { key: 'tier', title: t('customers.filter_tier'), cell: (row) => <TierTag tier={row.tier} /> },
              { key: 'group', title: t('customers.filter_segment'), cell: (row) => word(t, 'segment', row.rfm_segment) },
              { key: 'rfm', title: t('customers.rfm'), cell: (row) => <Scores person={{ r_score: row.r, f_score: row.f, m_score: row.m }} /> },
              { key: 'recency', title: t('person.recency'), align: 'right', cell: (row) => format.count(row.recency_days) },
              { key: 'orders', title: t('customers.frequency'), align: 'right', cell: (row) => format.count(row.frequency) },
              { key: 'money', title: t('customers.monetary', { unit: format.moneyUnit }), align: 'right', cell: (row) => format.amount(row.monetary) },
            ]}
          />
        )}
      </Card>
      <Card
        title={t('person.then')}
        hint={t('person.then_hint')}
        extra={
          data.days.length > 0 && (
            <Select
              aria-label={t('person.history_day')}
              value={day ?? null}
              onChange={choose}
              options={data.days.toReversed().map((one) => ({ value: one.as_of, label: format.day(one.as_of) }))}
            />
          )
        }
      >
        <Then then={data} />
      </Card>
    </>
  )
}

/** Tags and segments of one day. */
function Then({ then }: { then: ProfileHistory }) {
  const { t } = useTranslation()
  const format = useFormat()
  return (
    <div className="zk-then">
      <h3>{t('nav.tags')}</h3>
      {then.tags.length === 0 && <p className="zk-muted">{t('person.none_then')}</p>}
      <dl className="zk-facts">
        {then.tags.map((tag) => (
          <div key={tag.key}>
            <dt>{nameIn(tag, format.lang)}</dt>
            <dd>{valueIn(t, tag, format)}</dd>
          </div>
        ))}
      </dl>
      <h3>{t('nav.segments')}</h3>
      {then.stays.length === 0 && <p className="zk-muted">{t('person.none_then')}</p>}
      <ul>
        {then.stays.map((stay) => (
          <li key={`${stay.segment_id} ${stay.since}`}>
            <Link to="/customers/segments/$segmentId" params={{ segmentId: stay.segment_id }} className="zk-person">
              {stay.name}
            </Link>{' '}
            <span className="zk-muted">
              {stay.until ? t('segments.stay_closed', { since: format.instantDay(stay.since), until: format.instantDay(stay.until) }) : t('segments.stay_open', { since: format.instantDay(stay.since) })}
            </span>
          </li>
        ))}
      </ul>
    </div>
  )
}
