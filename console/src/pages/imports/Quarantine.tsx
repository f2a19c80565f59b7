// Rows that were not loaded: why, and how to get them in after all.
import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Button, Select } from 'antd'
import { useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { quarantineQuery, replay } from '../../api/queries'
import type { Job, Mapping, QuarantineItem } from '../../api/types'
import { useMay } from '../../app/session'
import { useSettings } from '../../app/settings'
import { useFormat } from '../../app/workspace'
import { Card } from '../../ui/Card'
import { useColumns } from '../../ui/columns'
import { DataTable } from '../../ui/DataTable'
import { ErrorNotice, Notice, Skeleton } from '../../ui/states'
import { More } from '../../ui/More'
import { word } from '../../words'
import { ColumnName } from './FieldName'
import { JobProgress } from './JobProgress'
import { sayDetail } from './quarantined'
import { RepairSheet } from './RepairSheet'

const STATUSES = ['open', 'replayed', 'discarded'] as const

type Props = { batchId: string; mapping: Mapping; status: string | undefined; onStatus: (status: string | undefined) => void }

export function Quarantine({ batchId, mapping, status, onStatus }: Props) {
  const { t } = useTranslation()
  const { lang } = useSettings()
  const format = useFormat()
  const cache = useQueryClient()
  const query = useInfiniteQuery(quarantineQuery(batchId, status))
  const [repaired, setRepaired] = useState<QuarantineItem>()
  const may = useMay('imports.run')
  const box = useRef<HTMLDivElement>(null)
  useEffect(() => {
    if (globalThis.location.hash === '#quarantine') box.current?.scrollIntoView()
  }, [])
  const [jobId, setJobId] = useState<string>()
  const start = useMutation({ mutationFn: (rows: number[] | null) => replay(batchId, rows?.map((row_no) => ({ row_no, cells: null, kept: null })) ?? null), onSuccess: ({ job_id }) => setJobId(job_id) })
  const items = query.data?.pages.flatMap((page) => page.items) ?? []
  const counts = Object.entries(query.data?.pages[0]?.counts ?? {}).sort((a, b) => b[1] - a[1])
  const statusWord = (code: string) => STATUSES.find((each) => each === code)
  const columns = useColumns<QuarantineItem>('quarantine', [
    { key: 'row', title: t('quarantine.row'), phone: 'line', isHead: true, isFixed: true, cell: (item) => item.row_no },
    { key: 'reason', title: t('quarantine.reason'), phone: 'plain', cell: (item) => <span title={item.reason_code}>{word(t, 'reason', item.reason_code)}</span> },
    { key: 'column', title: t('quarantine.column'), cell: (item) => (item.column_name ? <ColumnName mapping={mapping} code={item.column_name} /> : '--') },
    { key: 'detail', title: t('quarantine.detail'), phone: 'plain-line', cell: (item) => (item.detail ? <span className="zk-detail">{sayDetail(t, item.detail)}</span> : '--') },
    { key: 'what_to_do', title: t('quarantine.what_to_do'), isExtra: true, phone: 'plain-line', cell: (item) => (lang === 'zh' ? item.reason_zh : item.reason_en) },
    {
      key: 'status',
      title: t('quarantine.status'),
      phone: 'end',
      cell: (item) => {
        const known = statusWord(item.status)
        return <span className={`zk-status zk-status-${item.status}`}>{known ? t(`quarantine.${known}`) : item.status}</span>
      },
    },
    {
      key: 'actions',
      title: t('quarantine.actions'),
      isFixed: true,
      phone: 'end',
      align: 'right',
      cell: (item) =>
        item.status === 'open' &&
        may && (
          <Button size="small" aria-label={t('quarantine.repair_row', { row: item.row_no })} onClick={() => setRepaired(item)}>
            {t('quarantine.repair')}
          </Button>
        ),
    },
  ])
  const refresh = () => void cache.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'job' && queryKey[0] !== 'upload' })

  return (
    <div ref={box} id="quarantine">
      <Card
        title={t('report.quarantine')}
        hint={counts.map(([code, n]) => `${word(t, 'reason', code)} ${format.count(n)}`).join(' · ')}
        extra={
          <>
            <Select
              aria-label={t('quarantine.filter')}
              className="zk-filter"
              popupMatchSelectWidth={false}
              value={status ?? 'all'}
              onChange={(next: string) => onStatus(next === 'all' ? undefined : next)}
              options={[{ value: 'all', label: t('quarantine.all') }, ...STATUSES.map((value) => ({ value: value, label: t(`quarantine.${value}`) }))]}
            />
            {may && items.some((item) => item.status === 'open') && (
              <Button title={t('quarantine.replay_all_hint')} loading={start.isPending} onClick={() => start.mutate(null)}>
                {t('quarantine.replay_all')}
              </Button>
            )}
            {columns.chooser}
          </>
        }
      >
        {start.isError && <ErrorNotice error={start.error} />}
        {jobId && (
          <div className="zk-replay">
            <JobProgress key={jobId} jobId={jobId} title={t('job.replaying')} onEnd={refresh}>
              {(job) => <ReplayResult job={job} batchId={batchId} />}
            </JobProgress>
          </div>
        )}
        {query.isPending && <Skeleton rows={4} height={26} />}
        {query.isError && <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />}
        {query.data && items.length === 0 && <Notice title={t('quarantine.none')} help={status ? undefined : t('quarantine.none_help')} />}
        {items.length > 0 && (
          <>
            <DataTable
              caption={t('report.quarantine')}
              rows={items}
              rowKey={(item) => item.row_no}
              columns={columns.shown}
              hasRowKeys
              onPeek={(item) => may && item.status === 'open' && setRepaired(item)}
              peeked={repaired?.row_no}
            />
            <p className="zk-keys-hint">{t('quarantine.keys')}</p>
          </>
        )}
        <More query={query} />
        {repaired && (
          <RepairSheet
            key={repaired.row_no}
            batchId={batchId}
            mapping={mapping}
            item={repaired}
            onClose={() => setRepaired(undefined)}
            onStarted={(id) => {
              setRepaired(undefined)
              setJobId(id)
            }}
          />
        )}
      </Card>
    </div>
  )
}

function ReplayResult({ job, batchId }: { job: Job; batchId: string }) {
  const { t } = useTranslation()
  const format = useFormat()
  const { report } = job
  return (
    <p role="status" className="zk-replay-result">
      {report
        ? t('quarantine.replay_done', {
            loaded: format.count(report.rows_loaded),
            duplicate: format.count(report.rows_duplicate),
            quarantined: format.count(report.rows_quarantined),
          })
        : t('quarantine.replay_finished')}
      {/* What is still wrong belongs to the replay now, with a report of its own. */}
      {report && report.rows_quarantined > 0 && job.batch_id && job.batch_id !== batchId && (
        <Link to="/data/imports/$batchId" params={{ batchId: job.batch_id }} search={{ status: 'open' }} hash="quarantine">
          {t('quarantine.replay_rest', { count: report.rows_quarantined, n: format.count(report.rows_quarantined) })}
        </Link>
      )}
    </p>
  )
}
