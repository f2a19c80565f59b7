// In what the people of a segment differ from others, the most first: two bars for every difference.
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { Select } from 'antd'
import { useTranslation } from 'react-i18next'
import { compareQuery, segmentsQuery } from '../../api/segments'
import type { Segment, SegmentDifference } from '../../api/types'
import { useSettings } from '../../app/settings'
import { useFormat } from '../../app/workspace'
import { Card } from '../../ui/Card'
import { ErrorNotice, Notice, Skeleton } from '../../ui/states'
import { choicesOf } from './choices'

const route = getRouteApi('/customers/segments/$segmentId')
const MAX_SHOWN = 10

export function Compare({ segment }: { segment: Segment }) {
  const { t } = useTranslation()
  const format = useFormat()
  const { with: other } = route.useSearch()
  const navigate = route.useNavigate()
  const query = useQuery(compareQuery(segment.segment_id, other))
  const others = useQuery(segmentsQuery(false)).data?.items.filter((each) => each.segment_id !== segment.segment_id) ?? []
  const right = others.find((each) => each.segment_id === other)?.name ?? t('segments.compare_all')
  const { data } = query
  return (
    <Card
      title={t('segments.compare')}
      hint={t('segments.compare_hint')}
      isStale={query.isPlaceholderData}
      extra={
        <Select
          className="zk-filter"
          aria-label={t('segments.compare_with')}
          popupMatchSelectWidth={false}
          showSearch={{ optionFilterProp: 'label' }}
          value={other ?? ''}
          onChange={(value) => void navigate({ search: (old) => ({ ...old, with: value || undefined }), resetScroll: false })}
          options={[{ value: '', label: t('segments.compare_all') }, ...others.map((each) => ({ value: each.segment_id, label: each.name }))]}
        />
      }
    >
      {query.isPending && <Skeleton rows={8} height={24} />}
      {query.isError && <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />}
      {data && (
        <p className="zk-muted">
          {t('segments.compare_sizes', { left: segment.name, right, n_left: format.people(data.n_left), n_right: format.people(data.n_right), n_both: format.people(data.n_both) })}
        </p>
      )}
      {data?.differences.length === 0 && <Notice title={t('segments.compare_none')} help={t('segments.compare_none_help')} />}
      <ul className="zk-differences">
        {data?.differences.slice(0, MAX_SHOWN).map((one) => (
          <Difference key={`${one.field} ${one.value ?? ''}`} one={one} left={segment.name} right={right} />
        ))}
      </ul>
    </Card>
  )
}

function Difference({ one, left, right }: { one: SegmentDifference; left: string; right: string }) {
  const { t } = useTranslation()
  const { lang } = useSettings()
  const format = useFormat()
  const label = lang === 'zh' ? one.label_zh : one.label
  const value = choicesOf(t, one.field)?.find((choice) => choice.value === one.value)?.label ?? one.value
  const name = value === null ? label : `${label}${lang === 'zh' ? ' ' : ': '}${value}`
  const isShare = one.value !== null
  const write = isShare ? format.ratioColumn : format.quantity
  // Shares are parts of a whole; means are drawn against the larger of the two.
  const whole = isShare ? 1 : Math.max(Math.abs(one.left), Math.abs(one.right)) || 1
  const much = Math.abs(one.size) >= 0.8 ? t('segments.large') : Math.abs(one.size) >= 0.5 ? t('segments.middle') : t('segments.small')
  return (
    <li>
      <p className="zk-difference-head">
        <span>{one.left >= one.right ? t('segments.more', { name }) : t('segments.less', { name })}</span>
        <small>{much}</small>
      </p>
      {[
        { who: left, value: one.left, colour: 'series-1' },
        { who: right, value: one.right, colour: 'series-6' },
      ].map(({ who, value, colour }) => (
        <div key={colour} className="zk-bar-row">
          <span className="zk-bar-label zk-cut" title={who}>
            {who}
          </span>
          <span className="zk-bar-track" aria-hidden="true">
            <span className="zk-bar" style={{ width: `${Math.min(1, Math.abs(value) / whole) * 100}%`, background: `var(--zk-${colour})` }} />
          </span>
          <span className="zk-bar-value">{write(value)}</span>
        </div>
      ))}
    </li>
  )
}
