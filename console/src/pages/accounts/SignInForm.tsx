// Name and password, then a code for those who use one.
import { useMutation } from '@tanstack/react-query'
import { Button, Input, type InputRef } from 'antd'
import { useEffect, useId, useRef, useState, type SyntheticEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { signIn, type Session } from '../../api/accounts'
import { ApiError } from '../../api/client'
import { useSettings } from '../../app/settings'
import { signInProblem } from './problem'
import './accounts.css'

export function SignInForm({ start = '', onSignedIn }: { start?: string; onSignedIn: (session: Session) => void }) {
  const { t } = useTranslation()
  const { lang } = useSettings()
  const id = useId()
  const [name, setName] = useState(start)
  const [password, setPassword] = useState('')
  const [code, setCode] = useState('')
  const [isAskedForCode, setAskedForCode] = useState(false)
  const codeField = useRef<InputRef>(null)
  const enter = useMutation({
    mutationFn: () => signIn(name.trim(), password, isAskedForCode ? code.trim() : undefined),
    onSuccess: onSignedIn,
    onError: (error) => {
      if (error instanceof ApiError && error.code === 'code_needed') setAskedForCode(true)
    },
  })
  useEffect(() => {
    if (isAskedForCode) codeField.current?.focus()
  }, [isAskedForCode])
  const again = () => {
    setAskedForCode(false)
    setCode('')
    enter.reset()
  }
  const isReady = name.trim() !== '' && password !== '' && (!isAskedForCode || code.trim() !== '')
  const submit = (event: SyntheticEvent) => {
    event.preventDefault()
    if (isReady && !enter.isPending) enter.mutate()
  }
  const problem = signInProblem(t, enter.error, lang, isAskedForCode)
  return (
    <form className="zk-sign-in" onSubmit={submit}>
      <div className="zk-field" hidden={isAskedForCode}>
        <label htmlFor={`${id}-name`}>{t('access.name')}</label>
        <Input id={`${id}-name`} name="username" value={name} autoComplete="username" autoCapitalize="none" spellCheck={false} maxLength={64} autoFocus={start === ''} onChange={(event) => setName(event.target.value)} />
      </div>
      <div className="zk-field" hidden={isAskedForCode}>
        <label htmlFor={`${id}-password`}>{t('access.password')}</label>
        <Input.Password id={`${id}-password`} name="password" value={password} autoComplete="current-password" autoFocus={start !== ''} onChange={(event) => setPassword(event.target.value)} />
      </div>
      {isAskedForCode && (
        <div className="zk-field">
          <label htmlFor={`${id}-code`}>{t('access.code')}</label>
          <Input ref={codeField} id={`${id}-code`} value={code} autoComplete="one-time-code" spellCheck={false} maxLength={64} aria-describedby={`${id}-code-help`} onChange={(event) => setCode(event.target.value)} />
          <p id={`${id}-code-help`} className="zk-field-help">
            {t('access.code_help')}
          </p>
        </div>
      )}
      <p className="zk-form-error" role="alert">
        {problem}
      </p>
      <Button type="primary" htmlType="submit" block loading={enter.isPending} disabled={!isReady}>
        {t('access.sign_in')}
      </Button>
      {isAskedForCode ? (
        <button type="button" className="zk-link-button" onClick={again}>
          {t('access.other_name')}
        </button>
      ) : (
        <p className="zk-muted">{t('access.forgotten')}</p>
      )}
    </form>
  )
}
