// 分群: all segments with their sizes; the recycle bin beside them.
import { useMutation, useQueries, useQuery, useQueryClient } from '@tanstack/react-query'
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router'
import { Button, Input, Segmented } from 'antd'
import { useTranslation } from 'react-i18next'
import { segmentsQuery, sizesQuery, updateSegment } from '../../api/segments'
import type { Segment, SegmentSize } from '../../api/types'
import { May } from '../../app/session'
import { useSettings } from '../../app/settings'
import { useFormat } from '../../app/workspace'
import { Sparkline } from '../../charts/Sparkline'
import { Card } from '../../ui/Card'
import { usePurposeName } from '../../ui/PurposeSelect'
import { useColumns, type ChoosableColumn } from '../../ui/columns'
import { DataTable } from '../../ui/DataTable'
import { Page } from '../../ui/Page'
import { ErrorNotice, Notice, Skeleton } from '../../ui/states'
import { RefreshWord, sentenceOf } from './words'
import './segments.css'

const route = getRouteApi('/customers/segments')
/** Sizes are asked for one segment at a time: no more than a page full. */
const MAX_SIZES = 50

export default function SegmentsPage() {
  const { t } = useTranslation()
  const { lang } = useSettings()
  const nameOfPurpose = usePurposeName()
  const { q = '', bin = false } = route.useSearch()
  const navigate = route.useNavigate()
  const query = useQuery(segmentsQuery(bin))
  const kept = query.data?.items.filter((segment) => segment.is_archived === bin) ?? []
  const sought = q.trim().toLowerCase()
  const shown = kept.filter((segment) => `${segment.name} ${nameOfPurpose(segment.purpose)} ${sentenceOf(segment, lang)}`.toLowerCase().includes(sought))
  return (
    <Page
      title={t('segments.title')}
      question={t('segments.question')}
      actions={
        <May to="segments.write">
          <Link className="zk-button zk-button-primary" to="/customers/segments/new">
            {t('segments.new')}
          </Link>
        </May>
      }
    >
      <Card
        isStale={query.isPlaceholderData}
        title={bin ? t('segments.bin') : t('segments.in_use')}
        hint={query.data && String(kept.length)}
        extra={
          <>
            <Input.Search
              className="zk-segment-find"
              aria-label={t('segments.find')}
              placeholder={t('segments.find')}
              allowClear
              value={q}
              onChange={(event) => void navigate({ search: (old) => ({ ...old, q: event.target.value || undefined }), replace: true })}
            />
            <Segmented
              aria-label={t('segments.show')}
              value={bin}
              onChange={(value) => void navigate({ search: (old) => ({ ...old, bin: value || undefined }) })}
              options={[
                { value: false, label: t('segments.in_use') },
                { value: true, label: t('segments.bin') },
              ]}
            />
          </>
        }
      >
        {query.isPending && <Skeleton rows={6} height={28} />}
        {query.isError && <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />}
        {shown.length > 0 && <SegmentTable segments={shown} />}
        {query.data && kept.length > 0 && shown.length === 0 && <Notice title={t('segments.none_match')} />}
        {query.data && kept.length === 0 && (bin ? <Notice title={t('segments.bin_empty')} /> : <Notice title={t('segments.none')} help={t('segments.none_help')} />)}
      </Card>
    </Page>
  )
}

function SegmentTable({ segments }: { segments: readonly Segment[] }) {
  const { t } = useTranslation()
  const { lang } = useSettings()
  const nameOfPurpose = usePurposeName()
  const format = useFormat()
  const navigate = useNavigate()
  const sizes = useQueries({ queries: segments.slice(0, MAX_SIZES).map((segment) => sizesQuery(segment.segment_id)) })
  const historyOf = (segment: Segment): SegmentSize[] => sizes[segments.indexOf(segment)]?.data?.items ?? []
  const columns: ChoosableColumn<Segment>[] = [
    {
      key: 'name',
      title: t('segments.name'),
      isHead: true,
      isFixed: true,
      cell: (segment) => (
        <Link to="/customers/segments/$segmentId" params={{ segmentId: segment.segment_id }} className="zk-person">
          {segment.name}
        </Link>
      ),
    },
    { key: 'rule', phone: 'plain-line', title: t('segments.rule'), cell: (segment) => <span className="zk-segment-rule" title={sentenceOf(segment, lang)}>{sentenceOf(segment, lang) || '--'}</span> },
    { key: 'kind', phone: 'plain', title: t('segments.kind'), cell: (segment) => (segment.kind === 'list' ? t('segments.kind_list') : t('segments.kind_rule')) },
    { key: 'refresh', phone: 'plain', title: t('segments.refresh'), cell: (segment) => (segment.kind === 'list' ? '--' : <RefreshWord refresh={segment.refresh} />) },
    { key: 'size', title: t('segments.size'), align: 'right', cell: (segment) => (segment.is_suppressed ? format.people(null) : format.count(segment.n_members)) },
    { key: 'change', title: t('segments.change'), align: 'right', cell: (segment) => <Change sizes={historyOf(segment)} /> },
    { key: 'trend', phone: 'plain', title: t('segments.trend'), cell: (segment) => <span className="zk-segment-spark"><Sparkline values={historyOf(segment).flatMap((size) => size.n_members ?? [])} /></span> },
    { key: 'refreshed', title: t('segments.refreshed'), align: 'right', cell: (segment) => (segment.refreshed_at ? format.relative(segment.refreshed_at) : t('segments.never')) },
    { key: 'purpose', title: t('segments.purpose'), isExtra: true, cell: (segment) => nameOfPurpose(segment.purpose) },
    { key: 'state', phone: 'end', title: t('segments.state'), cell: (segment) => <State segment={segment} /> },
  ]
  const { shown, chooser } = useColumns('segments', columns)
  return (
    <>
      <DataTable
        caption={t('segments.title')}
        rows={segments}
        rowKey={(segment) => segment.segment_id}
        columns={shown}
        hasRowKeys
        onPeek={(segment) => void navigate({ to: '/customers/segments/$segmentId', params: { segmentId: segment.segment_id } })}
      />
      <div className="zk-segment-columns">{chooser}</div>
    </>
  )
}

/** By how many it grew or shrank when it last changed. */
function Change({ sizes }: { sizes: readonly SegmentSize[] }) {
  const { t } = useTranslation()
  const format = useFormat()
  const last = sizes.at(-1)
  if (!last || sizes.length < 2) return <>--</>
  if (last.n_joined === null || last.n_gone === null) return <>{format.people(null)}</>
  const by = last.n_joined - last.n_gone
  return (
    <span className="zk-figures" title={t('segments.change_detail', { day: format.day(last.day), joined: format.count(last.n_joined), gone: format.count(last.n_gone) })}>
      {by > 0 && '▲ '}
      {by < 0 && '▼ '}
      {format.count(Math.abs(by))}
    </span>
  )
}

function State({ segment }: { segment: Segment }) {
  const { t } = useTranslation()
  const cache = useQueryClient()
  const restore = useMutation({
    mutationFn: () => updateSegment(segment.segment_id, segment.version, { is_archived: false }),
    onSuccess: () => cache.invalidateQueries({ queryKey: ['segments'] }),
  })
  if (segment.is_archived) {
    return (
      <May to="segments.write">
        <Button size="small" loading={restore.isPending} danger={restore.isError} onClick={() => restore.mutate()}>
          {t('segments.restore')}
        </Button>
      </May>
    )
  }
  return (
    <span className="zk-tag">
      <span className="zk-dot" style={{ background: `var(--zk-${segment.refreshed_at ? 'success' : 'warning'})` }} />
      {segment.refreshed_at ? t('segments.up_to_date') : t('segments.never')}
    </span>
  )
}
