// 数据源: sources with how they do; one of them open beside the list, or a new one.
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { Button } from 'antd'
import { useTranslation } from 'react-i18next'
import { sourcesQuery } from '../../api/queries'
import { Card } from '../../ui/Card'
import { Page } from '../../ui/Page'
import { ErrorNotice, Notice, Skeleton } from '../../ui/states'
import { NewSource } from './NewSource'
import { SourceList } from './SourceList'
import { SourceSheet } from './SourceSheet'

const route = getRouteApi('/data/sources')

export default function SourcesPage() {
  const { t } = useTranslation()
  const { source: open } = route.useSearch()
  const navigate = route.useNavigate()
  const query = useQuery({ ...sourcesQuery, refetchInterval: 10_000 })
  // How long a source has been silent is judged as of the newest answer.
  const now = query.dataUpdatedAt
  const show = (source?: string) => void navigate({ search: source ? { source } : {} })
  const found = query.data?.items.find((each) => each.source_id === open || each.name === open)
  return (
    <Page
      title={t('sources.title')}
      question={t('sources.question')}
      actions={
        <Button type="primary" onClick={() => show('new')}>
          {t('sources.new')}
        </Button>
      }
    >
      {open === 'new' && <NewSource onCreated={(source) => show(source.source_id)} onClose={() => show()} />}
      <Card>
        {query.isPending && <Skeleton rows={4} height={28} />}
        {query.isError && <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />}
        {query.data && <SourceList sources={query.data.items} now={now} peeked={open} onPeek={(source) => show(source.source_id)} />}
      </Card>
      {found && <SourceSheet key={found.source_id} source={found} origin={query.data?.public_url ?? location.origin} now={now} onClose={() => show()} />}
      {query.data && open && open !== 'new' && !found && <Notice title={t('sources.no_such')} />}
    </Page>
  )
}
