// A tag to be changed; one of a pack becomes one's own.
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { lazy, Suspense } from 'react'
import { useTranslation } from 'react-i18next'
import { tagQuery } from '../../api/tags'
import { useSettings } from '../../app/settings'
import { Card } from '../../ui/Card'
import { Page } from '../../ui/Page'
import { ErrorNotice, Skeleton } from '../../ui/states'
import { usePut } from './saving'
import { draftOf } from './draft'
import { nameIn } from './words'

// Either form is loaded when it is needed.
const ManualForm = lazy(() => import('./ManualForm').then((part) => ({ default: part.ManualForm })))
const TagForm = lazy(() => import('./TagForm').then((part) => ({ default: part.TagForm })))

const route = getRouteApi('/customers/tags/$key/edit')

export default function EditTagPage() {
  const { t } = useTranslation()
  const { lang } = useSettings()
  const { key } = route.useParams()
  const query = useQuery(tagQuery(key))
  const save = usePut()
  const tag = query.data
  return (
    <Page
      title={tag ? t('tags.edit_title', { name: nameIn(tag, lang) }) : t('tags.title')}
      question={tag?.pack ? t('tags.edit_pack') : undefined}
      above={
        <Link to="/customers/tags/$key" params={{ key }} className="zk-back">
          {t('tags.back_one')}
        </Link>
      }
    >
      {query.isPending && <Card><Skeleton rows={6} height={28} /></Card>}
      {query.isError && <Card><ErrorNotice error={query.error} onRetry={() => void query.refetch()} /></Card>}
      <Suspense fallback={<Skeleton rows={8} height={26} />}>
        {tag?.kind === 'put' && <ManualForm start={{ key: tag.key, values: tag.choices }} isNew={false} />}
        {tag?.kind === 'computed' && <TagForm start={draftOf(tag.definition)} isNew={false} save={save} />}
      </Suspense>
    </Page>
  )
}
