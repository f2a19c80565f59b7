// 导入报告: how well did this load go, and what is left to repair?
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { importQuery } from '../../api/queries'
import { useFormat } from '../../app/workspace'
import { Card } from '../../ui/Card'
import { Page } from '../../ui/Page'
import { ErrorNotice, Notice, Skeleton } from '../../ui/states'
import { word } from '../../words'
import { fileTitle } from './fileTitle'
import { LoadStatus } from './LoadStatus'
import { Quarantine } from './Quarantine'
import { ReportBody } from './ReportBody'

const route = getRouteApi('/data/imports/$batchId')

export default function ReportPage() {
  const { t } = useTranslation()
  const format = useFormat()
  const { batchId } = route.useParams()
  const { status } = route.useSearch()
  const navigate = route.useNavigate()
  const query = useQuery({ ...importQuery(batchId), refetchInterval: (each) => (each.state.data?.batch.status === 'running' ? 2000 : false) })
  const { data } = query
  return (
    <Page
      title={data ? fileTitle(t, data.batch.file_name) : t('report.title')}
      question={t('report.question')}
      above={
        <Link to="/data/imports" className="zk-back">
          ← {t('report.back')}
        </Link>
      }
    >
      {data && (
        <ul className="zk-dotted zk-batch">
          <li>
            <LoadStatus status={data.batch.status} />
          </li>
          <li>{word(t, 'entity', data.batch.entity)}</li>
          <li>{data.batch.source}</li>
          <li>{format.instant(data.batch.started_at)}</li>
        </ul>
      )}
      {query.isPending && (
        <Card>
          <Skeleton rows={6} height={28} />
        </Card>
      )}
      {query.isError && (
        <Card>
          <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />
        </Card>
      )}
      {data?.batch.status === 'failed' && (
        <Card>
          <Notice tone="error" title={t('report.failed')} help={data.batch.error} />
        </Card>
      )}
      {data?.report && (data.batch.status !== 'failed' || data.report.rows_read > 0) && (
        <>
          <ReportBody report={data.report} />
          <Quarantine batchId={batchId} mapping={data.report.mapping} status={status} onStatus={(next) => void navigate({ search: { status: next } })} />
        </>
      )}
    </Page>
  )
}
