// A segment to be made: from nothing, from the rule of another, or with the people behind a number.
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { segmentQuery, type RuleJson } from '../../api/segments'
import type { Segment } from '../../api/types'
import { Card } from '../../ui/Card'
import { Page } from '../../ui/Page'
import { ErrorNotice, Skeleton } from '../../ui/states'
import { Builder } from './Builder'
import { useSave } from './saving'

const route = getRouteApi('/customers/segments/new')

export default function NewSegmentPage() {
  const { t } = useTranslation()
  const { from, rule, name } = route.useSearch()
  const query = useQuery({ ...segmentQuery(from ?? ''), enabled: from !== undefined })
  return (
    <Page
      title={t('segments.new')}
      question={t('segments.new_question')}
      above={
        <Link to="/customers/segments" className="zk-back">
          {t('segments.back')}
        </Link>
      }
    >
      {from !== undefined && query.isPending && <Card><Skeleton rows={6} height={28} /></Card>}
      {query.isError && <Card><ErrorNotice error={query.error} onRetry={() => void query.refetch()} /></Card>}
      {(from === undefined || query.data) && <Start key={from} from={query.data} rule={rule} name={name} />}
    </Page>
  )
}

function Start({ from, rule, name = '' }: { from: Segment | undefined; rule: RuleJson | undefined; name: string | undefined }) {
  const { t } = useTranslation()
  const save = useSave(undefined)
  const start = {
    name: from ? t('segments.copy_of', { name: from.name }) : name,
    purpose: from?.purpose ?? '',
    description: from?.description ?? '',
    refresh: from?.refresh ?? 'daily',
    rule: from?.rule ?? rule ?? { all: [] },
  }
  return <Builder start={start} save={save} />
}
