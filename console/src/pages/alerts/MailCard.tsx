// Who is told of alerts by mail: the host, the recipients (masked once they are kept), what came of the last mail to each, a
// trial.
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Button, Input, Popconfirm, Select } from 'antd'
import { useId, useState, type SyntheticEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { alertMailQuery, putAlertMail, removeAlertMail, testAlertMail, type AlertMail } from '../../api/alerts'
import { useSettings } from '../../app/settings'
import { useFormat } from '../../app/workspace'
import { Card } from '../../ui/Card'
import { DataTable, type Column } from '../../ui/DataTable'
import { ErrorNotice, Notice, Skeleton } from '../../ui/states'
import { outcomeOf } from '../watch/outcome'

const TLS = ['implicit', 'starttls', 'none'] as const
const LANGS = ['zh', 'en'] as const
const PORTS: Record<string, string> = { implicit: '465', starttls: '587', none: '25' }

export function MailCard() {
  const { t } = useTranslation()
  const query = useQuery(alertMailQuery)
  return (
    <Card title={t('alerts.mail')} hint={t('alerts.mail_hint')}>
      {query.isPending && <Skeleton rows={5} height={32} />}
      {query.isError && <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />}
      {query.data && <Setting key={JSON.stringify(query.data.mail?.recipients.map((one) => one.address) ?? null)} mail={query.data.mail ?? undefined} />}
      {query.data?.mail && <Recipients mail={query.data.mail} />}
    </Card>
  )
}

/** Two addresses may look the same: their place tells them apart. */
type Recipient = AlertMail['recipients'][number] & { at: number }

function Recipients({ mail }: { mail: AlertMail }) {
  const { t } = useTranslation()
  const format = useFormat()
  const columns: Column<Recipient>[] = [
    { key: 'address', title: t('alerts.mail_recipient'), isHead: true, cell: (one) => one.address },
    { key: 'outcome', title: t('incidents.hook_outcome'), cell: (one) => outcomeOf(t, one.last_outcome) },
    { key: 'at', title: t('incidents.hook_at'), cell: (one) => (one.last_tried_at ? format.instant(one.last_tried_at) : '--') },
  ]
  return <DataTable caption={t('alerts.mail')} columns={columns} rows={mail.recipients.map((one, at) => ({ ...one, at }))} rowKey={(one) => one.at} />
}

const lines = (text: string) => text.split('\n').map((line) => line.trim()).filter(Boolean)

function Setting({ mail }: { mail: AlertMail | undefined }) {
  const { t } = useTranslation()
  const { lang } = useSettings()
  const id = useId()
  const cache = useQueryClient()
  const [draft, setDraft] = useState({
    host: mail?.host ?? '',
    port: String(mail?.port ?? 465),
    tls: mail?.tls ?? 'implicit',
    user: mail?.user ?? '',
    password: '',
    from: mail?.from ?? '',
    to: '',
    lang: mail?.lang ?? lang,
  })
  const onSuccess = (answer: Awaited<ReturnType<typeof testAlertMail>>) => cache.setQueryData(alertMailQuery.queryKey, answer)
  const save = useMutation({
    mutationFn: putAlertMail,
    onSuccess: (answer) => {
      setDraft((now) => ({ ...now, password: '', to: '' }))
      onSuccess(answer)
    },
  })
  const trial = useMutation({ mutationFn: testAlertMail, onSuccess })
  const remove = useMutation({ mutationFn: removeAlertMail, onSuccess })
  const to = lines(draft.to)
  const port = Number(draft.port)
  const isWhole = draft.host.trim() !== '' && draft.from.trim() !== '' && Number.isInteger(port) && port > 0 && port < 65_536 && (to.length > 0 || mail !== undefined)
  const submit = (event: SyntheticEvent) => {
    event.preventDefault()
    if (!isWhole || save.isPending) return
    save.mutate({
      host: draft.host.trim(),
      port,
      tls: draft.tls,
      user: draft.user.trim(),
      password: draft.password === '' ? null : draft.password,
      from: draft.from.trim(),
      recipients: to.length > 0 ? to : null,
      lang: draft.lang,
    })
  }
  const field = (key: 'host' | 'port' | 'user' | 'password' | 'from', more?: { type?: string; placeholder?: string; inputMode?: 'numeric' }) => (
    <div className="zk-field">
      <label htmlFor={`${id}-${key}`}>{t(`alerts.mail_${key}`)}</label>
      <Input id={`${id}-${key}`} value={draft[key]} maxLength={300} autoComplete={key === 'password' ? 'new-password' : 'off'} {...more} onChange={(event) => setDraft({ ...draft, [key]: event.target.value })} />
    </div>
  )
  const failed = save.error ?? trial.error ?? remove.error
  const problem = lang === 'zh' ? trial.data?.problem_zh : trial.data?.problem
  return (
    <form className="zk-source-form" onSubmit={submit}>
      {field('host', { placeholder: 'smtp.example.com' })}
      <div className="zk-field">
        <label htmlFor={`${id}-tls`}>{t('alerts.mail_tls')}</label>
        <Select id={`${id}-tls`} value={draft.tls} options={TLS.map((value) => ({ value: value, label: t(`alerts.mail_tls_${value}`) }))} onChange={(tls) => setDraft({ ...draft, tls, port: PORTS[tls] ?? draft.port })} />
      </div>
      {field('port', { inputMode: 'numeric' })}
      {field('user')}
      {field('password', { type: 'password', placeholder: mail?.has_password ? t('alerts.mail_password_stays') : '' })}
      <p className="zk-field-help">{t('alerts.mail_password_help')}</p>
      {field('from', { placeholder: 'zhike@example.com' })}
      <div className="zk-field">
        <label htmlFor={`${id}-to`}>{t('alerts.mail_to')}</label>
        <Input.TextArea id={`${id}-to`} rows={2} value={draft.to} spellCheck={false} onChange={(event) => setDraft({ ...draft, to: event.target.value })} />
        {mail && <p className="zk-field-help">{t('alerts.mail_to_stays', { to: mail.recipients.map((one) => one.address).join(' ') })}</p>}
      </div>
      <div className="zk-field">
        <label htmlFor={`${id}-lang`}>{t('alerts.mail_lang')}</label>
        <Select id={`${id}-lang`} value={draft.lang} options={LANGS.map((value) => ({ value: value, label: t(`alerts.mail_lang_${value}`) }))} onChange={(next) => setDraft({ ...draft, lang: next })} />
      </div>
      {failed && <ErrorNotice error={failed} />}
      {problem && <Notice tone="error" title={t('alerts.mail_failed')} help={problem} />}
      <div className="zk-form-actions">
        <Button type="primary" htmlType="submit" loading={save.isPending} disabled={!isWhole}>
          {t('alerts.mail_save')}
        </Button>
        {mail && (
          <>
            <Button loading={trial.isPending} onClick={() => trial.mutate()}>
              {t('alerts.mail_test')}
            </Button>
            <Popconfirm title={t('alerts.mail_remove_sure')} okText={t('alerts.mail_remove')} cancelText={t('alerts.mail_cancel')} onConfirm={() => remove.mutate()}>
              <Button danger loading={remove.isPending}>
                {t('alerts.mail_remove')}
              </Button>
            </Popconfirm>
          </>
        )}
        <span className="zk-muted" role="status">
          {save.isSuccess && t('alerts.mail_saved')}
        </span>
      </div>
    </form>
  )
}
