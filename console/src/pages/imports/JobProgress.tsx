// How far a job has come; tells its caller when it has come to an end.
import { useMutation, useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Button } from 'antd'
import { useEffect, useEffectEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiError } from '../../api/client'
import { cancelJob, jobQuery } from '../../api/queries'
import type { Job } from '../../api/types'
import { useSettings } from '../../app/settings'
import { useFormat } from '../../app/workspace'
import { ProgressBar } from '../../ui/ProgressBar'
import { ErrorNotice, Notice, Skeleton } from '../../ui/states'
import { word } from '../../words'
import { useDuration } from './duration'

type Props = { jobId: string; title: string; hint?: string; onEnd?: (job: Job) => void; children?: (job: Job) => React.ReactNode }

export function JobProgress({ jobId, title, hint, onEnd, children }: Props) {
  const { t } = useTranslation()
  const { lang } = useSettings()
  const query = useQuery(jobQuery(jobId))
  const job = query.data
  const ended = useEffectEvent((last: Job) => onEnd?.(last))
  const over = job !== undefined && job.state !== 'running' ? job : undefined
  useEffect(() => {
    if (over) ended(over)
  }, [over])

  if (query.error instanceof ApiError && query.error.status === 404)
    return (
      <Notice
        tone="error"
        title={t('job.gone')}
        help={t('job.gone_help')}
        action={
          <Link to="/data/imports" className="zk-button">
            {t('job.to_imports')}
          </Link>
        }
      />
    )
  if (query.isError && !job) return <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />
  if (!job) return <Skeleton rows={3} />
  if (job.state === 'failed') return <Notice tone="error" title={t('job.failed')} help={(lang === 'zh' ? job.error_zh : undefined) ?? job.error} />
  if (job.state === 'cancelled')
    return (
      <div role="status">
        <Notice title={t('job.cancelled')} />
      </div>
    )
  if (job.state === 'done') return <>{children?.(job)}</>
  return <Running job={job} title={title} hint={hint} />
}

function Running({ job, title, hint }: { job: Job; title: string; hint: string | undefined }) {
  const { t } = useTranslation()
  const format = useFormat()
  const duration = useDuration()
  const share = job.rows_total ? Math.min(1, job.rows_done / job.rows_total) : undefined
  const cancel = useMutation({ mutationFn: () => cancelJob(job.job_id) })
  const left = job.rows_total && job.rows_per_second > 0 ? ((job.rows_total - job.rows_done) / job.rows_per_second) * 1000 : undefined
  return (
    <div className="zk-job">
      <p className="zk-job-title">{title}</p>
      <ProgressBar label={t('job.progress')} share={share} />
      <ul className="zk-dotted">
        <li>
          {job.rows_total ? t('job.rows_of', { done: format.count(job.rows_done), total: format.count(job.rows_total) }) : t('job.rows', { done: format.count(job.rows_done) })}
        </li>
        {job.rows_per_second > 0 && <li>{t('job.speed', { n: format.count(job.rows_per_second) })}</li>}
        {left !== undefined && <li>{t('job.left', { time: duration(left) })}</li>}
        {job.stage && <li>{t('job.stage', { stage: word(t, 'stage', job.stage) })}</li>}
      </ul>
      {hint && <p className="zk-muted">{hint}</p>}
      {cancel.isError && <ErrorNotice error={cancel.error} />}
      <div>
        {/* The server stops at the next rows, not at once. */}
        <Button loading={cancel.isPending || cancel.isSuccess} onClick={() => cancel.mutate()}>
          {t('job.cancel')}
        </Button>
      </div>
    </div>
  )
}
