// The code that an account asks for after the provider has vouched for somebody with one factor.
import { useMutation } from '@tanstack/react-query'
import { Button, Input } from 'antd'
import { useId, useState, type SyntheticEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { signInByCode, type Session } from '../../api/accounts'
import { useSettings } from '../../app/settings'
import { signInProblem } from './problem'
import './accounts.css'

export function SsoCode({ onSignedIn }: { onSignedIn: (session: Session) => void }) {
  const { t } = useTranslation()
  const { lang } = useSettings()
  const id = useId()
  const [code, setCode] = useState('')
  const enter = useMutation({ mutationFn: () => signInByCode(code.trim()), onSuccess: onSignedIn })
  const submit = (event: SyntheticEvent) => {
    event.preventDefault()
    if (code.trim() !== '' && !enter.isPending) enter.mutate()
  }
  return (
    <form className="zk-sign-in" onSubmit={submit}>
      <div className="zk-field">
        <label htmlFor={id}>{t('access.code')}</label>
        <Input id={id} value={code} autoComplete="one-time-code" spellCheck={false} maxLength={64} autoFocus aria-describedby={`${id}-help`} onChange={(event) => setCode(event.target.value)} />
        <p id={`${id}-help`} className="zk-field-help">
          {t('access.code_help')}
        </p>
      </div>
      <p className="zk-form-error" role="alert">
        {signInProblem(t, enter.error, lang, true)}
      </p>
      <Button type="primary" htmlType="submit" block loading={enter.isPending} disabled={code.trim() === ''}>
        {t('access.sign_in')}
      </Button>
    </form>
  )
}
