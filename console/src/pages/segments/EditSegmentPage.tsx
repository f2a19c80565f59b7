// A segment that is there already, to be changed.
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { segmentQuery } from '../../api/segments'
import type { Segment } from '../../api/types'
import { Card } from '../../ui/Card'
import { Page } from '../../ui/Page'
import { ErrorNotice, Skeleton } from '../../ui/states'
import { Builder } from './Builder'
import { useSave } from './saving'

const route = getRouteApi('/customers/segments/$segmentId/edit')

export default function EditSegmentPage() {
  const { t } = useTranslation()
  const { segmentId } = route.useParams()
  const query = useQuery(segmentQuery(segmentId))
  return (
    <Page
      title={query.data ? t('segments.edit_title', { name: query.data.name }) : t('segments.title')}
      question={t('segments.new_question')}
      above={
        <Link to="/customers/segments/$segmentId" params={{ segmentId }} className="zk-back">
          {t('segments.cancel')}
        </Link>
      }
    >
      {query.isPending && <Card><Skeleton rows={6} height={28} /></Card>}
      {query.isError && <Card><ErrorNotice error={query.error} onRetry={() => void query.refetch()} /></Card>}
      {query.data && <Start key={`${segmentId} ${query.data.version}`} segment={query.data} />}
    </Page>
  )
}

function Start({ segment }: { segment: Segment }) {
  const save = useSave(segment)
  const { name, purpose, description, refresh, rule } = segment
  return <Builder start={{ name, purpose, description, refresh, rule: rule ?? undefined }} segmentId={segment.segment_id} save={save} />
}
