// Covers a page whose session has ended. It cannot be closed but by signing in.
import { useEffect, useId, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import type { Session } from '../../api/accounts'
import { SignInForm } from './SignInForm'

export default function SignInAgain({ name, onSignedIn }: { name: string; onSignedIn: (session: Session) => void }) {
  const { t } = useTranslation()
  const dialog = useRef<HTMLDialogElement>(null)
  const id = useId()
  useEffect(() => {
    // A dialog of the page would otherwise stay on top of this one's field.
    dialog.current?.showModal()
  }, [])
  return (
    <dialog ref={dialog} className="zk-cover" aria-labelledby={id} onCancel={(event) => event.preventDefault()} onClose={() => dialog.current?.showModal()}>
      <div className="zk-card zk-way-in">
        <h2 id={id} className="zk-page-title">
          {t('access.ended')}
        </h2>
        <p className="zk-muted">{t('access.ended_help')}</p>
        <SignInForm start={name} onSignedIn={onSignedIn} />
        <a href="/sign-in">{t('access.somebody_else')}</a>
      </div>
    </dialog>
  )
}
