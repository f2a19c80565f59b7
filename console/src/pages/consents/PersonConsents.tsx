// 同意: what a customer said about every purpose, and what may be done because of it.
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Button, Input } from 'antd'
import { useId, useState, type SyntheticEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { profileConsentsQuery, recordConsent } from '../../api/consents'
import type { ConsentStanding, ConsentStatement, NewConsent } from '../../api/types'
import { useSettings } from '../../app/settings'
import { useFormat } from '../../app/workspace'
import { Card } from '../../ui/Card'
import { DataTable, type Column } from '../../ui/DataTable'
import { PurposeSelect } from '../../ui/PurposeSelect'
import { ErrorNotice, Notice, Skeleton } from '../../ui/states'
import { nameOf, refusalWord, stateWord } from './words'

export function PersonConsents({ profileId }: { profileId: string }) {
  const { t } = useTranslation()
  const { lang } = useSettings()
  const format = useFormat()
  const query = useQuery(profileConsentsQuery(profileId))
  const standings: Column<ConsentStanding>[] = [
    { key: 'purpose', title: t('consents.purpose'), isHead: true, cell: ({ purpose }) => nameOf(purpose, lang) },
    { key: 'state', phone: 'end', title: t('consents.state'), cell: ({ state }) => stateWord(t, state) },
    { key: 'allowed', title: t('consents.may'), cell: ({ refusal }) => (refusal ? t('consents.may_not', { why: refusalWord(t, refusal) }) : t('consents.may_use')) },
    { key: 'at', title: t('consents.at'), cell: ({ last }) => (last ? format.instant(last.at) : '--') },
  ]
  const names = new Map(query.data?.standings.map(({ purpose }) => [purpose.code, nameOf(purpose, lang)]))
  const history: Column<ConsentStatement>[] = [
    { key: 'at', title: t('consents.at'), isHead: true, cell: ({ at }) => format.instant(at) },
    { key: 'purpose', title: t('consents.purpose'), cell: ({ purpose }) => names.get(purpose) ?? purpose },
    { key: 'said', title: t('consents.said'), cell: ({ granted, by_guardian }) => [t(granted ? 'consents.state_granted' : 'consents.state_withdrawn'), by_guardian && t('consents.guardian')].filter(Boolean).join(' · ') },
    { key: 'policy', title: t('consents.policy'), cell: ({ policy_version }) => policy_version },
    { key: 'channel', title: t('consents.channel'), cell: ({ channel }) => channel },
    { key: 'evidence', title: t('consents.evidence'), cell: ({ evidence }) => evidence || '--' },
    { key: 'author', title: t('consents.author'), cell: ({ author }) => author },
  ]
  return (
    <>
      <Card title={t('consents.record')} hint={t('consents.record_hint')}>
        <Record profileId={profileId} />
      </Card>
      <Card title={t('consents.standings')} hint={query.data?.is_minor ? t('consents.is_minor') : undefined}>
        {query.isPending && <Skeleton rows={9} height={28} />}
        {query.isError && <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />}
        {query.data && <DataTable caption={t('consents.standings')} columns={standings} rows={query.data.standings} rowKey={({ purpose }) => purpose.code} />}
      </Card>
      <Card title={t('consents.history')}>
        {query.data?.history.length === 0 && <Notice title={t('consents.no_history')} help={t('consents.no_history_help')} />}
        {query.data && query.data.history.length > 0 && <DataTable caption={t('consents.history')} columns={history} rows={query.data.history} rowKey={(row) => `${row.purpose} ${row.at} ${row.granted} ${row.evidence}`} />}
      </Card>
    </>
  )
}

function Record({ profileId }: { profileId: string }) {
  const { t } = useTranslation()
  const id = useId()
  const cache = useQueryClient()
  const [purpose, setPurpose] = useState('')
  const [evidence, setEvidence] = useState('')
  const [channel, setChannel] = useState('')
  const [isGuardian, setGuardian] = useState(false)
  const save = useMutation({
    mutationFn: (statement: NewConsent) => recordConsent(profileId, statement),
    onSuccess: (consents) => {
      cache.setQueryData(profileConsentsQuery(profileId).queryKey, consents)
      setEvidence('')
      return cache.invalidateQueries({ queryKey: ['consents'] })
    },
  })
  const say = (granted: boolean) => {
    if (purpose) save.mutate({ purpose, granted, evidence: evidence.trim(), channel: channel.trim() || 'console', by_guardian: isGuardian, at: null, policy_version: null })
  }
  const submit = (event: SyntheticEvent) => {
    event.preventDefault()
    say(true)
  }
  return (
    <form className="zk-consent-form" onSubmit={submit}>
      <div>
        <label htmlFor={`${id}-purpose`}>{t('consents.purpose')}</label>
        <PurposeSelect id={`${id}-purpose`} value={purpose} onChange={setPurpose} />
      </div>
      <div>
        <label htmlFor={`${id}-channel`}>{t('consents.channel')}</label>
        <Input id={`${id}-channel`} value={channel} maxLength={100} onChange={(event) => setChannel(event.target.value)} />
      </div>
      <div>
        <label htmlFor={`${id}-evidence`}>{t('consents.evidence')}</label>
        <Input id={`${id}-evidence`} value={evidence} maxLength={300} placeholder={t('consents.evidence_help')} onChange={(event) => setEvidence(event.target.value)} />
      </div>
      <label className="zk-check">
        <input type="checkbox" checked={isGuardian} onChange={(event) => setGuardian(event.target.checked)} />
        {t('consents.guardian')}
      </label>
      <div className="zk-form-actions">
        <Button type="primary" htmlType="submit" disabled={!purpose} loading={save.isPending}>
          {t('consents.grant')}
        </Button>
        <Button disabled={!purpose || save.isPending} onClick={() => say(false)}>
          {t('consents.withdraw')}
        </Button>
      </div>
      {save.error && <ErrorNotice error={save.error} />}
    </form>
  )
}
