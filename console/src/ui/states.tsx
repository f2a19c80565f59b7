// What stands in the place of content: loading, failed, empty.
import { Button } from 'antd'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiError, NOT_SIGNED_IN, UNREACHABLE, UNREADABLE } from '../api/client'
import { useSettings } from '../app/settings'

/** Grey blocks of about the right size; they show after 200 ms, so that quick answers do not flicker. */
export function Skeleton({ rows = 3, height = 16 }: { rows?: number; height?: number }) {
  const { t } = useTranslation()
  return (
    <div className="zk-skeleton" role="status" aria-label={t('app.loading')}>
      {Array.from({ length: rows }, (_, row) => (
        <div key={row} className="zk-skeleton-row" style={{ height, width: row === rows - 1 && rows > 1 ? '60%' : '100%' }} />
      ))}
    </div>
  )
}

type NoticeProps = { title: ReactNode; help?: ReactNode; detail?: ReactNode; action?: ReactNode; tone?: 'plain' | 'error'; headingLevel?: 1 | 2 }

/** A short text in the middle of a card: what is missing, why, and what to do next. */
export function Notice({ title, help, detail, action, tone = 'plain', headingLevel }: NoticeProps) {
  const Heading = headingLevel === 1 ? 'h1' : headingLevel === 2 ? 'h2' : 'p'
  return (
    <div className={`zk-notice zk-notice-${tone}`} role={tone === 'error' ? 'alert' : undefined}>
      <Heading className="zk-notice-title">{title}</Heading>
      {help && <p className="zk-notice-help">{help}</p>}
      {action && <div className="zk-notice-action">{action}</div>}
      {detail && <p className="zk-notice-detail">{detail}</p>}
    </div>
  )
}

/** What was asked for is not there: it never was, it is gone, or the address is wrong. Asking again would not help. */
function isNoSuchThing({ status, message }: ApiError): boolean {
  return status === 404 || (status === 400 && message.includes('not an id of the form'))
}

/** A failed request: what, which code, which request, and a way to try again. `title` says what failed when the server answered. */
export function ErrorNotice({ error, onRetry, title: what }: { error: unknown; onRetry?: (() => void) | undefined; title?: string | undefined }) {
  const { t } = useTranslation()
  const { lang } = useSettings()
  const api = error instanceof ApiError ? error : undefined
  let title: string = what ?? t('state.failed')
  let help: string | undefined
  if (!api) {
    title = t('state.crashed')
    help = t('state.crashed_help')
  } else if (api.code === UNREACHABLE) {
    title = t('state.unreachable')
    help = t('state.unreachable_help')
  } else if (api.code === UNREADABLE) {
    title = t('state.unreadable')
    help = t('state.unreadable_help')
  } else if (api.status === 403 || api.code === NOT_SIGNED_IN) {
    title = t('state.forbidden')
    help = api.text(lang) || t('state.forbidden_help')
  } else if (isNoSuchThing(api)) {
    title = t('state.no_such')
    help = t('state.not_found_help')
  } else {
    help = api.text(lang)
  }
  return (
    <Notice
      tone="error"
      title={title}
      help={help}
      action={onRetry && !(api && isNoSuchThing(api)) && <Button onClick={onRetry}>{t('state.retry')}</Button>}
      detail={
        api && (
          <>
            <code>{api.code}</code>
            {api.status > 0 && <code>{api.status}</code>}
            {api.requestId && <span>{t('state.request', { id: api.requestId })}</span>}
          </>
        )
      }
    />
  )
}
