// 访问记录: who saw a customer in the clear, when and why; and the place to do it, with a reason.
import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query'
import { Button, Input } from 'antd'
import { useId, useState, type SyntheticEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { actsQuery, revealProfile } from '../../api/person'
import type { ProfileSheet } from '../../api/types'
import { May } from '../../app/session'
import { useFormat } from '../../app/workspace'
import { Card } from '../../ui/Card'
import { DataTable } from '../../ui/DataTable'
import { ErrorNotice, Notice, Skeleton } from '../../ui/states'
import { More } from '../../ui/More'
import { word } from '../../words'

export function Acts({ profileId }: { profileId: string }) {
  const { t } = useTranslation()
  const format = useFormat()
  const query = useInfiniteQuery(actsQuery(profileId))
  const acts = query.data?.pages.flatMap((page) => page.items) ?? []
  return (
    <>
      <May to="profiles.unmask">
        <Reveal profileId={profileId} />
      </May>
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
              { key: 'actor', title: t('person.act_by'), cell: (act) => word(t, 'actor', act.actor) },
              { key: 'action', title: t('person.act'), cell: (act) => word(t, 'act', act.action.replaceAll('.', '_')) },
              { key: 'reason', title: t('person.act_reason'), cell: (act) => act.reason ?? '--' },
              { key: 'seq', title: t('person.act_seq'), align: 'right', cell: (act) => act.seq },
            ]}
          />
        )}
        <More query={query} />
      </Card>
    </>
  )
}

/** What is masked elsewhere, once a reason is given. It is kept in no cache and gone with the tab. */
function Reveal({ profileId }: { profileId: string }) {
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
  const submit = (event: SyntheticEvent) => {
    event.preventDefault()
    if (reason.trim()) reveal.mutate()
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
          <Button htmlType="submit" loading={reveal.isPending} disabled={!reason.trim()}>
            {t('person.reveal')}
          </Button>
        </form>
      )}
      {reveal.isError && <ErrorNotice error={reveal.error} />}
    </Card>
  )
}

function Clear({ sheet: { profile, identities } }: { sheet: ProfileSheet }) {
  const { t } = useTranslation()
  const known = [
    [t('profile.name'), profile.name],
    [t('profile.phone'), profile.phone],
    [t('profile.email'), profile.email],
    [t('profile.id_number'), profile.id_number],
    [t('profile.birthday'), profile.birthday],
    [t('profile.address'), profile.address],
    ...identities.map((identity) => [word(t, 'identity', identity.kind), identity.value] as const),
  ] as const
  return (
    <div role="status">
      <dl className="zk-facts">
        {known.map(
          ([label, value], at) =>
            value && (
              <div key={at}>
                <dt>{label}</dt>
                <dd>{value}</dd>
              </div>
            ),
        )}
      </dl>
    </div>
  )
}
