// 导入: have the data arrived, and are they whole?
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { importsQuery } from '../../api/queries'
import type { ImportItem } from '../../api/types'
import { ContextBar } from '../../app/ContextBar'
import { May } from '../../app/session'
import { useFormat } from '../../app/workspace'
import { Card } from '../../ui/Card'
import { DataTable } from '../../ui/DataTable'
import { Page } from '../../ui/Page'
import { Pager } from '../../ui/Pager'
import { ErrorNotice, Notice, Skeleton } from '../../ui/states'
import { word } from '../../words'
import { rowsMissing } from './counts'
import { useDuration } from './duration'
import { fileTitle } from './fileTitle'
import { LoadStatus } from './LoadStatus'

const route = getRouteApi('/data/imports')

export default function ImportsPage() {
  const { t } = useTranslation()
  const { after, page = 1 } = route.useSearch()
  const navigate = route.useNavigate()
  const query = useQuery({
    ...importsQuery(after),
    // A load under way changes by the second.
    refetchInterval: (each) => (each.state.data?.items.some((item) => item.status === 'running') ? 2000 : false),
  })
  const { data } = query
  return (
    <Page
      title={t('imports.title')}
      question={t('imports.question')}
      actions={
        <May to="imports.run">
          <Link to="/data/imports/new" className="zk-button zk-button-primary">
            {t('imports.new')}
          </Link>
        </May>
      }
    >
      <ContextBar />
      <Card isStale={query.isPlaceholderData}>
        {query.isPending && <Skeleton rows={8} height={28} />}
        {query.isError && <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />}
        {data?.items.length === 0 && (
          <Notice
            title={t('imports.none')}
            help={t('imports.none_help')}
            action={
              <May to="imports.run">
                <Link to="/data/imports/new" className="zk-button">
                  {t('imports.new')}
                </Link>
              </May>
            }
            detail={t('state.no_data_demo')}
          />
        )}
        {data && data.items.length > 0 && (
          <>
            <Loads items={data.items} />
            <Pager
              page={page}
              hasNext={data.next != null}
              onNext={() => void navigate({ search: { after: data.next ?? undefined, page: page + 1 } })}
              onFirst={() => void navigate({ search: {} })}
            />
          </>
        )}
      </Card>
    </Page>
  )
}

function Loads({ items }: { items: readonly ImportItem[] }) {
  const { t } = useTranslation()
  const format = useFormat()
  const duration = useDuration()
  const names = new Map(items.map((item) => [item.batch_id, item.file_name]))
  return (
    <DataTable
      caption={t('imports.title')}
      rows={items}
      rowKey={(item) => item.batch_id}
      hasRowKeys
      columns={[
        {
          key: 'file',
          title: t('imports.file'),
          isHead: true,
          cell: (item) => (
            <Link to="/data/imports/$batchId" params={{ batchId: item.batch_id }} className="zk-file">
              {fileTitle(t, item.file_name, names)}
            </Link>
          ),
        },
        { key: 'entity', title: t('imports.entity'), phone: 'plain', cell: (item) => word(t, 'entity', item.entity) },
        { key: 'source', title: t('imports.source'), phone: 'plain', cell: (item) => item.source },
        { key: 'rows', title: t('imports.rows'), align: 'right', phone: 'plain-line', cell: (item) => <Rows item={item} /> },
        { key: 'quality', title: t('imports.quality'), align: 'right', cell: (item) => format.count(item.quality) },
        { key: 'status', title: t('imports.status'), phone: 'end', cell: (item) => <LoadStatus status={item.status} /> },
        {
          key: 'started',
          title: t('imports.started'),
          phone: 'plain',
          align: 'right',
          cell: (item) => (
            <span title={format.instant(item.started_at)}>
              {format.relative(item.started_at)}
              {item.finished_at && <small className="zk-below">{t('imports.took', { time: duration(Date.parse(item.finished_at) - Date.parse(item.started_at)) })}</small>}
            </span>
          ),
        },
      ]}
    />
  )
}

function Rows({ item }: { item: ImportItem }) {
  const format = useFormat()
  if (item.status === 'failed' && item.rows_read === 0) return <>--</>
  const isOff = item.status === 'loaded' && rowsMissing(item) !== 0
  return (
    <span className={isOff ? 'zk-off' : undefined}>
      {format.count(item.rows_read)} = {format.count(item.rows_loaded)} + {format.count(item.rows_duplicate)} +{' '}
      <span className={item.rows_quarantined > 0 ? 'zk-some-quarantined' : undefined}>{format.count(item.rows_quarantined)}</span>
    </span>
  )
}
