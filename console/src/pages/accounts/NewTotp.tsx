// A second factor: its code is scanned, a first number proves it, then the recovery codes are shown once.
import { useMutation, useQuery } from '@tanstack/react-query'
import { Button, Input, QRCode } from 'antd'
import { useId, useState, type SyntheticEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { confirmTotp, startTotp } from '../../api/accounts'
import { ErrorNotice, Skeleton } from '../../ui/states'
import { ShownOnce } from './ShownOnce'

export default function NewTotp({ onDone, onCancel }: { onDone: () => void; onCancel: () => void }) {
  const { t } = useTranslation()
  const id = useId()
  const [code, setCode] = useState('')
  // Every start makes another secret: one per opening, and none kept afterwards.
  const start = useQuery({ queryKey: ['totp', id], queryFn: startTotp, staleTime: Infinity, gcTime: 0, retry: false, refetchOnReconnect: false })
  const confirm = useMutation({ mutationFn: () => confirmTotp(code.trim()) })
  const submit = (event: SyntheticEvent) => {
    event.preventDefault()
    if (code.trim() !== '' && !confirm.isPending) confirm.mutate()
  }
  if (confirm.data) return <ShownOnce title={t('account.recovery')} help={t('account.recovery_help')} secrets={confirm.data.recovery_codes} onDone={onDone} />
  if (start.isError) return <ErrorNotice error={start.error} onRetry={() => void start.refetch()} />
  if (!start.data) return <Skeleton rows={5} height={28} />
  const { secret, otpauth_url } = start.data
  return (
    <form className="zk-totp" onSubmit={submit}>
      <div role="img" aria-label={t('account.totp_drawn')}>
        <QRCode type="svg" value={otpauth_url} size={200} marginSize={4} color="#000000" bgColor="#ffffff" bordered={false} errorLevel="M" />
      </div>
      <div className="zk-sign-in">
        <p>{t('account.totp_scan')}</p>
        <p className="zk-muted">
          {t('account.totp_by_hand')} <code className="zk-secret-text">{secret}</code>
        </p>
        <div className="zk-field">
          <label htmlFor={id}>{t('account.totp_code')}</label>
          <Input id={id} value={code} inputMode="numeric" autoComplete="one-time-code" maxLength={10} autoFocus onChange={(event) => setCode(event.target.value)} />
        </div>
        {confirm.isError && <ErrorNotice error={confirm.error} title={t('account.totp_failed')} />}
        <div className="zk-form-actions">
          <Button type="primary" htmlType="submit" loading={confirm.isPending} disabled={code.trim() === ''}>
            {t('account.totp_confirm')}
          </Button>
          <Button onClick={onCancel}>{t('access.cancel')}</Button>
        </div>
      </div>
    </form>
  )
}
