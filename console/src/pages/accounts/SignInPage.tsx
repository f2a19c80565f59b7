// 登录: the way in, by password or by an identity provider.
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { getRouteApi, Link, useRouter } from '@tanstack/react-router'
import { Button } from 'antd'
import { useEffect } from 'react'
import { useTranslation } from 'react-i18next'
import { sessionQuery, setupQuery, SSO_START, type Session } from '../../api/accounts'
import { homeOf } from '../../app/places'
import { SignInForm } from './SignInForm'
import { SsoCode } from './SsoCode'
import { ssoProblem } from './problem'

const route = getRouteApi('/sign-in')

export default function SignInPage() {
  const { t } = useTranslation()
  const { to, sso } = route.useSearch()
  const provider = useQuery(setupQuery).data?.sso
  const cache = useQueryClient()
  const router = useRouter()
  useEffect(() => {
    document.title = `${t('access.sign_in')} · ${t('app.name')}`
  }, [t])
  const onSignedIn = (session: Session) => {
    cache.setQueryData(sessionQuery.queryKey, session)
    router.history.replace(to ?? homeOf(session))
  }
  const isAskedForCode = sso === 'code_needed'
  return (
    <div className="zk-card zk-way-in">
      <h1 className="zk-page-title">{t('access.sign_in_title')}</h1>
      <p className="zk-form-error" role="alert">
        {isAskedForCode ? '' : ssoProblem(t, sso)}
      </p>
      {isAskedForCode ? <SsoCode onSignedIn={onSignedIn} /> : <SignInForm onSignedIn={onSignedIn} />}
      {isAskedForCode && <Link to="/sign-in">{t('access.other_name')}</Link>}
      {provider && !isAskedForCode && (
        <Button block href={SSO_START}>
          {t('access.sso', { name: provider })}
        </Button>
      )}
    </div>
  )
}
