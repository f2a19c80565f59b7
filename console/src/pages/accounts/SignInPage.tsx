// 登录: the way in.
import { useQueryClient } from '@tanstack/react-query'
import { getRouteApi, useRouter } from '@tanstack/react-router'
import { useEffect } from 'react'
import { useTranslation } from 'react-i18next'
import { sessionQuery, type Session } from '../../api/accounts'
import { homeOf } from '../../app/places'
import { SignInForm } from './SignInForm'

const route = getRouteApi('/sign-in')

export default function SignInPage() {
  const { t } = useTranslation()
  const { to } = route.useSearch()
  const cache = useQueryClient()
  const router = useRouter()
  useEffect(() => {
    document.title = `${t('access.sign_in')} · ${t('app.name')}`
  }, [t])
  const onSignedIn = (session: Session) => {
    cache.setQueryData(sessionQuery.queryKey, session)
    router.history.replace(to ?? homeOf(session))
  }
  return (
    <div className="zk-card zk-way-in">
      <h1 className="zk-page-title">{t('access.sign_in_title')}</h1>
      <SignInForm onSignedIn={onSignedIn} />
    </div>
  )
}
