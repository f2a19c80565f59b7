// One segment: its rule, its size over time, who is in it and why, how they differ and whom they share with others.
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { Button } from 'antd'
import { lazy, Suspense } from 'react'
import { useTranslation } from 'react-i18next'
import { refreshSegment, segmentQuery } from '../../api/segments'
import type { Segment } from '../../api/types'
import { May } from '../../app/session'
import { useSettings } from '../../app/settings'
import { useFormat } from '../../app/workspace'
import { Card } from '../../ui/Card'
import { Page } from '../../ui/Page'
import { Parts } from '../../ui/Parts'
import { usePurposeName } from '../../ui/PurposeSelect'
import { ErrorNotice, Skeleton } from '../../ui/states'
import { Compare } from './Compare'
import { Members } from './Members'
import { Sizes } from './Sizes'
import { RefreshWord, sentenceOf } from './words'
import './segments.css'

const Actions = lazy(() => import('./SegmentActions'))
const Overlap = lazy(() => import('./Overlap'))

const route = getRouteApi('/customers/segments/$segmentId')

export default function SegmentPage() {
  const { t } = useTranslation()
  const { segmentId } = route.useParams()
  const query = useQuery(segmentQuery(segmentId))
  const back = (
    <Link to="/customers/segments" className="zk-back">
      {t('segments.back')}
    </Link>
  )
  if (!query.data) {
    return (
      <Page title={t('segments.title')} above={back}>
        <Card>
          {query.isPending && <Skeleton rows={8} height={24} />}
          {query.isError && <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />}
        </Card>
      </Page>
    )
  }
  const segment = query.data
  return (
    <Page
      title={segment.name}
      question={segment.description || undefined}
      above={back}
      actions={
        <May to="segments.write">
          <Suspense>
            <Actions segment={segment} />
          </Suspense>
        </May>
      }
    >
      <Rule segment={segment} />
      <Sizes segment={segment} />
      <div className="zk-columns-even">
        <Compare segment={segment} />
        <Suspense
          fallback={
            <Card title={t('segments.overlap')}>
              <Skeleton rows={5} height={24} />
            </Card>
          }
        >
          <Overlap segment={segment} />
        </Suspense>
      </div>
      <Members segment={segment} />
      <May to="exports.make">
        <Card title={t('segments.export')}>
          <p>{t('segments.export_help')}</p>
          <p className="zk-form-actions">
            <Link to="/customers" search={{ segment: segment.segment_id }} className="zk-button">
              {t('segments.open_list')}
            </Link>
          </p>
          <pre className="zk-command-line">zhike export members {segment.segment_id} --out members.csv --purpose …</pre>
        </Card>
      </May>
    </Page>
  )
}

function Rule({ segment }: { segment: Segment }) {
  const { t } = useTranslation()
  const { lang } = useSettings()
  const format = useFormat()
  const cache = useQueryClient()
  const refresh = useMutation({
    mutationFn: () => refreshSegment(segment.segment_id),
    onSuccess: async () => {
      await cache.invalidateQueries({ queryKey: ['segment', segment.segment_id] })
      await cache.invalidateQueries({ queryKey: ['segments'] })
    },
  })
  const done = refresh.data
  const sentence = sentenceOf(segment, lang)
  const nameOfPurpose = usePurposeName()
  return (
    <Card
      title={t('segments.rule')}
      extra={
        !segment.is_archived && (
          <May to="segments.write">
            <Button loading={refresh.isPending} onClick={() => refresh.mutate()}>
              {t('segments.refresh_now')}
            </Button>
          </May>
        )
      }
    >
      <p className="zk-segment-sentence">{segment.kind === 'list' ? t('segments.list_rule') : sentence || t('segments.everybody')}</p>
      <dl className="zk-figure-row">
        <div>
          <dt>{t('segments.size')}</dt>
          <dd>{segment.is_suppressed ? format.people(null) : format.count(segment.n_members)}</dd>
        </div>
        <div>
          <dt>{t('segments.refreshed')}</dt>
          <dd className="zk-figure-note">{segment.refreshed_at ? format.relative(segment.refreshed_at) : t('segments.never')}</dd>
        </div>
        <div>
          <dt>{t('segments.refresh')}</dt>
          <dd className="zk-figure-note">{segment.kind === 'list' ? t('segments.kind_list') : <RefreshWord refresh={segment.refresh} />}</dd>
        </div>
        <div>
          <dt>{t('segments.purpose')}</dt>
          <dd className="zk-figure-note">{nameOfPurpose(segment.purpose)}</dd>
        </div>
      </dl>
      <Parts className="zk-muted" parts={[segment.is_archived && t('segments.archived'), t('segments.version', { n: segment.version }), segment.segment_id]} />
      <div role="status">
        {done &&
          (done.is_computed
            ? t('segments.refresh_done', { n: format.people(done.n_members), joined: format.people(done.n_joined), gone: format.people(done.n_gone) })
            : t('segments.refresh_same', { n: format.people(done.n_members) }))}
      </div>
      {refresh.isError && <ErrorNotice error={refresh.error} onRetry={() => refresh.mutate()} />}
    </Card>
  )
}
