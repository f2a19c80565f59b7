// A tag to be made: computed from a definition, or put by people.
import { getRouteApi, Link } from '@tanstack/react-router'
import { lazy, Suspense } from 'react'
import { useTranslation } from 'react-i18next'
import { Page } from '../../ui/Page'
import { Skeleton } from '../../ui/states'
import { usePut } from './saving'
import { draftOf } from './draft'

// Either form is loaded when it is needed.
const ManualForm = lazy(() => import('./ManualForm').then((part) => ({ default: part.ManualForm })))
const TagForm = lazy(() => import('./TagForm').then((part) => ({ default: part.TagForm })))

const route = getRouteApi('/customers/tags/new')

export default function NewTagPage() {
  const { t } = useTranslation()
  const { kind } = route.useSearch()
  const save = usePut()
  return (
    <Page
      title={kind === 'manual' ? t('tags.new_manual') : t('tags.new')}
      question={kind === 'manual' ? t('tags.new_manual_question') : t('tags.new_question')}
      above={
        <Link to="/customers/tags" className="zk-back">
          {t('tags.back')}
        </Link>
      }
    >
      <Suspense fallback={<Skeleton rows={8} height={26} />}>
        {kind === 'manual' ? <ManualForm start={{ key: '', values: [] }} isNew /> : <TagForm start={draftOf(null)} isNew save={save} />}
      </Suspense>
    </Page>
  )
}
