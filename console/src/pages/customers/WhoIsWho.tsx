// 合并与拆分: decides that this customer is also another one, or is several; lists what was decided and undoes it.
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { Button, Input, Popconfirm } from 'antd'
import { useId, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { identityActsQuery, mergeProfiles, splitProfile } from '../../api/identity'
import { profileQuery } from '../../api/queries'
import type { Identity, IdentityDone } from '../../api/types'
import { useMay } from '../../app/session'
import { Card } from '../../ui/Card'
import { ErrorNotice, Skeleton } from '../../ui/states'
import { word } from '../../words'
import { IdentityActs } from '../identity/IdentityActs'

type Props = { profileId: string; identities: readonly Identity[] }

/** Values that are a device's or a visitor's: they follow whoever signed in. */
const FOLLOWS = ['anonymous_id', 'device_id']
const PROFILE_ID = /^prf_[0-9a-z]{13}$/

export function WhoIsWho({ profileId, identities }: Props) {
  const { t } = useTranslation()
  const acts = useQuery(identityActsQuery(profileId))
  const mayDecide = useMay('identity.decide')
  return (
    <>
      {mayDecide && <Split profileId={profileId} identities={identities} />}
      {mayDecide && <Merge profileId={profileId} n={identities.length} />}
      {acts.isPending && <Card title={t('who.acts')}><Skeleton rows={3} height={26} /></Card>}
      {acts.isError && <Card title={t('who.acts')}><ErrorNotice error={acts.error} onRetry={() => void acts.refetch()} /></Card>}
      {acts.data && acts.data.acts.length > 0 && <IdentityActs acts={acts.data.acts} />}
    </>
  )
}

/** After a decision everything that was counted before is old; the customer may have gone into another. */
function useDecided(profileId: string) {
  const cache = useQueryClient()
  const navigate = useNavigate()
  return async (done: IdentityDone) => {
    await cache.invalidateQueries()
    const [first] = done.profile_ids
    if (first && !done.profile_ids.includes(profileId)) {
      await navigate({ to: '/customers/$profileId', params: { profileId: first }, search: { tab: 'identities' }, replace: true })
    }
  }
}

function Split({ profileId, identities }: Props) {
  const { t } = useTranslation()
  const id = useId()
  const onSuccess = useDecided(profileId)
  const [chosen, setChosen] = useState<readonly string[]>([])
  const [reason, setReason] = useState('')
  const parting = identities.filter((each) => each.status === 'active' && !FOLLOWS.includes(each.kind))
  const split = useMutation({
    mutationFn: () => splitProfile(profileId, [...chosen], reason.trim()),
    onSuccess: async (done) => {
      setChosen([])
      setReason('')
      await onSuccess(done)
    },
  })
  if (parting.length < 2) return null
  const toggle = (identity: string) => setChosen((all) => (all.includes(identity) ? all.filter((each) => each !== identity) : [...all, identity]))
  const isPart = chosen.length > 0 && chosen.length < parting.length
  return (
    <Card title={t('who.split')} hint={t('who.decide_hint')}>
      <form className="zk-sheet-form" onSubmit={(event) => event.preventDefault()}>
        <p className="zk-muted">{t('who.split_help')}</p>
        {parting.map((each) => {
          const name = `${word(t, 'identity', each.kind)} ${each.value ?? '--'}`
          return (
            <label key={each.identity_id} className="zk-check">
              <input type="checkbox" aria-label={t('who.split_of', { name })} checked={chosen.includes(each.identity_id)} onChange={() => toggle(each.identity_id)} />
              {name}
            </label>
          )
        })}
        <label htmlFor={`${id}-reason`}>{t('who.reason')}</label>
        <Input id={`${id}-reason`} value={reason} maxLength={500} placeholder={t('who.reason_help')} onChange={(event) => setReason(event.target.value)} />
        <div className="zk-form-actions">
          <Popconfirm title={t('who.split_sure')} okText={t('who.split')} cancelText={t('access.cancel')} onConfirm={() => split.mutate()} styles={{ root: { maxWidth: 420 } }}>
            <Button disabled={!isPart || !reason.trim()} loading={split.isPending}>
              {t('who.do_split', { n: chosen.length })}
            </Button>
          </Popconfirm>
        </div>
      </form>
      {split.error && <ErrorNotice error={split.error} />}
    </Card>
  )
}

function Merge({ profileId, n }: { profileId: string; n: number }) {
  const { t } = useTranslation()
  const id = useId()
  const onSuccess = useDecided(profileId)
  const [other, setOther] = useState('')
  const [reason, setReason] = useState('')
  const isId = PROFILE_ID.test(other.trim())
  const found = useQuery({ ...profileQuery(other.trim()), enabled: isId })
  const merge = useMutation({
    mutationFn: () => mergeProfiles(profileId, other.trim(), reason.trim()),
    onSuccess: async (done) => {
      setOther('')
      setReason('')
      await onSuccess(done)
    },
  })
  const first = found.data?.identities[0]
  const name = found.data && (found.data.profile.name ?? (first ? `${word(t, 'identity', first.kind)} ${first.value}` : t('customers.unnamed')))
  return (
    <Card title={t('who.merge')} hint={t('who.decide_hint')}>
      <form className="zk-sheet-form" onSubmit={(event) => event.preventDefault()}>
        <label htmlFor={`${id}-other`}>{t('who.other')}</label>
        <Input id={`${id}-other`} value={other} maxLength={40} placeholder="prf_…" autoComplete="off" aria-describedby={`${id}-help`} onChange={(event) => setOther(event.target.value)} />
        <p className="zk-muted" id={`${id}-help`} aria-live="polite">
          {name ? t('who.with_name', { name, n: n + (found.data?.identities.length ?? 0) }) : t('who.merge_help')}
        </p>
        {isId && found.error && <ErrorNotice error={found.error} />}
        <label htmlFor={`${id}-reason`}>{t('who.reason')}</label>
        <Input id={`${id}-reason`} value={reason} maxLength={500} placeholder={t('who.reason_help')} onChange={(event) => setReason(event.target.value)} />
        <div className="zk-form-actions">
          <Popconfirm title={t('who.merge_sure')} okText={t('who.merge')} cancelText={t('access.cancel')} onConfirm={() => merge.mutate()} styles={{ root: { maxWidth: 420 } }}>
            <Button disabled={!found.data || !reason.trim()} loading={merge.isPending}>
              {t('who.do_merge')}
            </Button>
          </Popconfirm>
        </div>
      </form>
      {merge.error && <ErrorNotice error={merge.error} />}
    </Card>
  )
}
