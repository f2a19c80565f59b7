// What stands where no page can: an unknown address, a page that failed, one that is not for the reader, no server.
import { Link, useRouter, type ErrorComponentProps } from '@tanstack/react-router'
import { Button } from 'antd'
import { useTranslation } from 'react-i18next'
import { ErrorNotice, Notice } from '../ui/states'
import { word } from '../words'
import { Forbidden, useSession } from './session'

export function MissingPage() {
  const { t } = useTranslation()
  return (
    <div className="zk-card">
      <Notice headingLevel={1} title={t('state.not_found')} help={t('state.not_found_help')} action={<Link to="/">{t('state.home')}</Link>} />
    </div>
  )
}

export function CrashedPage({ error, reset }: ErrorComponentProps) {
  const { t } = useTranslation()
  if (error instanceof Forbidden) return <ForbiddenPage permission={error.permission} />
  return (
    <div className="zk-card">
      <Notice tone="error" headingLevel={1} title={t('state.crashed')} help={t('state.crashed_help')} action={<Button onClick={reset}>{t('state.retry')}</Button>} />
    </div>
  )
}

/** Says what is missing and who can give it. */
function ForbiddenPage({ permission }: { permission: string }) {
  const { t } = useTranslation()
  const roles = useSession()?.user.roles ?? []
  return (
    <div className="zk-card">
      <Notice
        tone="error"
        headingLevel={1}
        title={t('access.forbidden')}
        help={t('access.forbidden_help', { roles: roles.map((role) => word(t, 'role', role)).join(t('access.and')) || t('access.no_role') })}
        detail={
          <>
            <code>no_permission</code>
            <code>{permission}</code>
          </>
        }
        action={<Link to="/">{t('access.to_work')}</Link>}
      />
    </div>
  )
}

/** It is not known who is signed in: the server did not say. */
export function NoSessionPage({ error }: ErrorComponentProps) {
  const { t } = useTranslation()
  const router = useRouter()
  return (
    <div className="zk-outside">
      <main className="zk-outside-main">
        <h1 className="zk-hidden">{t('app.name')}</h1>
        <div className="zk-card">
          <ErrorNotice error={error} onRetry={() => void router.invalidate()} />
        </div>
      </main>
    </div>
  )
}
