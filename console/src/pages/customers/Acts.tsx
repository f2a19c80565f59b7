// 访问记录: who saw a customer in the clear, when and why; and the place to do it, with a reason.
import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Button, Input } from 'antd'
import { useId, useState, type SyntheticEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { actsQuery, askToSee, revealProfile } from '../../api/person'
import { useMay } from '../../app/session'
import { approvalsQuery } from '../../api/watch'
import { useFormat } from '../../app/workspace'
import { Card } from '../../ui/Card'
import { DataTable } from '../../ui/DataTable'
import { ErrorNotice, Notice, Skeleton } from '../../ui/states'
import { More } from '../../ui/More'
import { word } from '../../words'
import { Clear } from './Clear'

export function Acts({ profileId }: { profileId: string }) {
  const { t } = useTranslation()
  const format = useFormat()
  const maySee = useMay('profiles.unmask')
  const mayAsk = useMay('profiles.ask')
  const query = useInfiniteQuery(actsQuery(profileId))
  const acts = query.data?.pages.flatMap((page) => page.items) ?? []
  return (
    <>
      {(maySee || mayAsk) && <Reveal profileId={profileId} maySee={maySee} mayAsk={mayAsk} />}
      <Card title={t('person.acts')} hint={t('person.acts_hint')}>
        {query.isPending && <Skeleton rows={4} height={28} />}
        {query.isError && <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />}
        {query.data && acts.length === 0 && <Notice title={t('person.no_acts')} help={t('person.no_acts_help')} />}
        {acts.length > 0 && (
          <DataTable
            caption={t('person.acts')}
            rows={acts}
            rowKey={(act) => act.seq}
            columns={[
              { key: 'at', title: t('person.act_at'), isHead: true, cell: (act) => <span className="zk-figures">{format.instant(act.at)}</span> },
              { key: 'actor', phone: 'plain', title: t('person.act_by'), cell: (act) => word(t, 'actor', act.actor) },
              { key: 'action', phone: 'plain', title: t('person.act'), cell: (act) => word(t, 'act', act.action.replaceAll('.', '_')) },
              { key: 'reason', phone: 'plain-line', title: t('person.act_reason'), cell: (act) => act.reason ?? '--' },
              { key: 'seq', title: t('person.act_seq'), align: 'right', cell: (act) => act.seq },
            ]}
          />
        )}
        <More query={query} />
      </Card>
    </>
  )
}

/** What is masked elsewhere, once a reason is given, or once somebody else approves it. It is kept in no cache and gone with the tab. */
function Reveal({ profileId, maySee, mayAsk }: { profileId: string; maySee: boolean; mayAsk: boolean }) {
  const { t } = useTranslation()
  const id = useId()
  const cache = useQueryClient()
  const [reason, setReason] = useState('')
  const reveal = useMutation({
    mutationFn: () => revealProfile(profileId, reason.trim()),
    gcTime: 0,
    onSuccess: () => {
      setReason('')
      return cache.invalidateQueries({ queryKey: ['profile', profileId, 'acts'] })
    },
  })
  const ask = useMutation({
    mutationFn: () => askToSee(profileId, reason.trim()),
    onSuccess: () => {
      setReason('')
      return cache.invalidateQueries({ queryKey: approvalsQuery.queryKey })
    },
  })
  const submit = (event: SyntheticEvent) => {
    event.preventDefault()
    if (reason.trim()) (maySee ? reveal : ask).mutate()
  }
  return (
    <Card title={t('person.reveal')} hint={t('person.reveal_hint')}>
      {reveal.data ? (
        <>
          <Clear sheet={reveal.data} />
          <Button onClick={() => reveal.reset()}>{t('person.hide')}</Button>
        </>
      ) : (
        <form className="zk-put-tag" onSubmit={submit}>
          <div className="zk-reveal-reason">
            <label htmlFor={id}>{t('person.reason')}</label>
            <Input id={id} value={reason} maxLength={200} autoComplete="off" placeholder={t('person.reason_hint')} onChange={(event) => setReason(event.target.value)} />
          </div>
          {maySee && (
            <Button htmlType="submit" loading={reveal.isPending} disabled={!reason.trim()}>
              {t('person.reveal')}
            </Button>
          )}
          {mayAsk && (
            <Button loading={ask.isPending} disabled={!reason.trim()} title={t('person.ask_help')} onClick={() => ask.mutate()}>
              {t('person.ask')}
            </Button>
          )}
        </form>
      )}
      {ask.data && (
        <p role="status">
          {t('person.asked')}{' '}
          <Link to="/governance/approvals" search={{ approval: ask.data.approval_id }}>
            {t('nav.approvals')}
          </Link>
        </p>
      )}
      {reveal.isError && <ErrorNotice error={reveal.error} />}
      {ask.isError && <ErrorNotice error={ask.error} />}
    </Card>
  )
}
