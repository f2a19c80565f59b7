// 分群: which segments a customer is in, since when and why; and those that were left.
import { DownOutlined, RightOutlined } from '@ant-design/icons'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useId, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { profileSegmentsQuery } from '../../api/person'
import type { ProfileSegment } from '../../api/types'
import { useFormat } from '../../app/workspace'
import { Card } from '../../ui/Card'
import { ErrorNotice, Notice, Skeleton } from '../../ui/states'
import { sentenceOf } from '../segments/words'
import { Why } from '../segments/Why'
import '../segments/segments.css'

export function PersonSegments({ profileId }: { profileId: string }) {
  const { t } = useTranslation()
  const query = useQuery(profileSegmentsQuery(profileId))
  const all = query.data?.items ?? []
  const now = all.filter((one) => one.until === null)
  const left = all.filter((one) => one.until !== null)
  return (
    <>
      <Card title={t('person.segments')} hint={t('person.segments_hint')}>
        {query.isPending && <Skeleton rows={4} height={28} />}
        {query.isError && <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />}
        {query.data && now.length === 0 && <Notice title={t('person.no_segments')} help={t('person.no_segments_help')} />}
        <ul className="zk-person-segments">
          {now.map((one) => (
            <Row key={one.segment.segment_id} one={one} profileId={profileId} />
          ))}
        </ul>
      </Card>
      {left.length > 0 && (
        <Card title={t('person.left_segments')}>
          <ul className="zk-person-segments">
            {left.map((one) => (
              <Row key={one.segment.segment_id} one={one} profileId={profileId} />
            ))}
          </ul>
        </Card>
      )}
    </>
  )
}

function Row({ one: { segment, since, until }, profileId }: { one: ProfileSegment; profileId: string }) {
  const { t } = useTranslation()
  const format = useFormat()
  const [isOpen, setOpen] = useState(false)
  const id = useId()
  const hasRule = segment.kind === 'rule'
  return (
    <li>
      <div className="zk-person-tag">
        {hasRule && (
          <button type="button" className="zk-icon-button" aria-expanded={isOpen} aria-controls={id} aria-label={t('person.why_segment', { name: segment.name })} onClick={() => setOpen(!isOpen)}>
            {isOpen ? <DownOutlined aria-hidden="true" /> : <RightOutlined aria-hidden="true" />}
          </button>
        )}
        <Link to="/customers/segments/$segmentId" params={{ segmentId: segment.segment_id }} className="zk-person">
          {segment.name}
        </Link>
        <span className="zk-muted zk-person-rule">{hasRule ? sentenceOf(segment, format.lang) : t('segments.kind_list')}</span>
        <span className="zk-muted zk-right">{until ? t('segments.stay_closed', { since: format.instantDay(since), until: format.instantDay(until) }) : t('segments.stay_open', { since: format.instantDay(since) })}</span>
      </div>
      {hasRule && (
        <div id={id} hidden={!isOpen} className="zk-person-tag-why">
          {isOpen && <Why segmentId={segment.segment_id} profileId={profileId} />}
        </div>
      )}
    </li>
  )
}
