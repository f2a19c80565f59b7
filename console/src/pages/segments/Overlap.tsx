// Whom a segment shares with others: one row for every combination that somebody is in, as dots and a bar. It is a table,
// so the same numbers are there for everybody.
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { Select } from 'antd'
import { useTranslation } from 'react-i18next'
import { overlapQuery, segmentsQuery } from '../../api/segments'
import type { Segment, SegmentOverlap } from '../../api/types'
import { useMay } from '../../app/session'
import { useFormat } from '../../app/workspace'
import { Card } from '../../ui/Card'
import { ErrorNotice, Skeleton } from '../../ui/states'
import { exactly } from './exactly'

const route = getRouteApi('/customers/segments/$segmentId')
const MAX_OTHERS = 4

export default function Overlap({ segment }: { segment: Segment }) {
  const { t } = useTranslation()
  const { over } = route.useSearch()
  const navigate = route.useNavigate()
  const listed = useQuery(segmentsQuery(false)).data?.items
  const others = listed?.filter((each) => each.segment_id !== segment.segment_id) ?? []
  const chosen = (over?.split(',') ?? []).filter((id) => id !== segment.segment_id).slice(0, MAX_OTHERS)
  const query = useQuery(overlapQuery([segment.segment_id, ...chosen]))
  return (
    <Card title={t('segments.overlap')} hint={t('segments.overlap_hint')} isStale={query.isPlaceholderData}>
      {listed && others.length === 0 ? (
        <p className="zk-muted">{t('segments.overlap_only_one')}</p>
      ) : (
        <Select
          mode="multiple"
          className="zk-wide"
          aria-label={t('segments.overlap_pick')}
          placeholder={t('segments.overlap_pick')}
          maxCount={MAX_OTHERS}
          showSearch={{ optionFilterProp: 'label' }}
          value={chosen}
          onChange={(ids: string[]) => void navigate({ search: (old) => ({ ...old, over: ids.join(',') || undefined }), replace: true, resetScroll: false })}
          options={others.map((each) => ({ value: each.segment_id, label: each.name }))}
        />
      )}
      {others.length > 0 && chosen.length === 0 && <p className="zk-muted zk-below">{t('segments.overlap_none')}</p>}
      {chosen.length > 0 && query.isPending && <Skeleton rows={5} height={24} />}
      {chosen.length > 0 && query.isError && <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />}
      {chosen.length > 0 && query.data && <Combinations overlap={query.data} />}
    </Card>
  )
}

function Combinations({ overlap: { segments, combinations } }: { overlap: SegmentOverlap }) {
  const { t } = useTranslation()
  const format = useFormat()
  const mayList = useMay('profiles.list')
  const most = Math.max(1, ...combinations.map((each) => each.count ?? 0))
  return (
    <div className="zk-scroll-x" tabIndex={0} role="group" aria-label={t('table.scroll', { title: t('segments.overlap') })}>
      <table className="zk-upset">
        <caption className="zk-hidden">{t('segments.overlap')}</caption>
        <thead>
          <tr>
            {segments.map((each) => (
              <th key={each.segment_id} scope="col">
                <span className="zk-cut" title={each.name}>
                  {each.name}
                </span>
                <small>{format.people(each.count)}</small>
              </th>
            ))}
            <th scope="col" className="zk-upset-bars">
              {t('segments.people')}
            </th>
          </tr>
        </thead>
        <tbody>
          {combinations.map((each) => (
            <tr key={each.segment_ids.join()}>
              {segments.map(({ segment_id: id }) => {
                const isIn = each.segment_ids.includes(id)
                return (
                  <td key={id} className="zk-center">
                    <span className={`zk-upset-dot ${isIn ? 'zk-upset-in' : ''}`} aria-hidden="true" />
                    <span className="zk-hidden">{isIn ? t('segments.is_in') : t('segments.is_out')}</span>
                  </td>
                )
              })}
              <td>
                <div className="zk-bar-row">
                  <span className="zk-bar-track" aria-hidden="true">
                    <span className="zk-bar" style={{ width: `${((each.count ?? 0) / most) * 100}%`, background: 'var(--zk-series-1)' }} />
                  </span>
                  <span className="zk-bar-value">
                    {each.count && mayList ? (
                      <Link to="/customers" search={{ rule: exactly(segments.map(({ segment_id: id }) => id), each.segment_ids) }} aria-label={t('segments.overlap_see', { n: format.count(each.count) })}>
                        {format.count(each.count)}
                      </Link>
                    ) : (
                      format.people(each.count)
                    )}
                  </span>
                </div>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
