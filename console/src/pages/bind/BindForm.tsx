// A code to be made: for somebody known, or for a visit.
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Button, Input, Segmented, Select } from 'antd'
import { useId, useState, type SyntheticEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { createBinding } from '../../api/queries'
import type { CreateBinding, Source } from '../../api/types'
import { Card } from '../../ui/Card'
import { ErrorNotice, Notice } from '../../ui/states'
import { DEFAULT_EXPIRY, EXPIRIES, type Kind } from './binding'

type Props = {
  /** Already chosen, on the customer's page. */
  profile: string | undefined
  /** Nothing for those who may not see them. */
  sources: readonly Source[] | undefined
  onCreated: (bindingId: string) => void
  onForget: () => void
}

export function BindForm({ profile, sources, onCreated, onForget }: Props) {
  const { t } = useTranslation()
  const cache = useQueryClient()
  const id = useId()
  const [kind, setKind] = useState<Kind>('member')
  const [member, setMember] = useState('')
  const [store, setStore] = useState('')
  const [place, setPlace] = useState('')
  const [campaign, setCampaign] = useState('')
  const [chosen, setSource] = useState<string>()
  const [expiry, setExpiry] = useState<number>()
  const [redirect, setRedirect] = useState('')
  const source = chosen ?? sources?.[0]?.source_id
  const expires_s = expiry ?? DEFAULT_EXPIRY[kind]
  const isReady = (source ?? !sources) && (kind === 'store' ? store.trim() : (profile ?? member.trim()))
  const create = useMutation({
    mutationFn: (binding: Partial<CreateBinding>) => createBinding(binding),
    onSuccess: async ({ binding }) => {
      await cache.invalidateQueries({ queryKey: ['bindings'] })
      onCreated(binding.binding_id)
    },
  })
  const submit = (event: SyntheticEvent) => {
    event.preventDefault()
    if (!isReady) return
    const known = profile ? { profile_id: profile } : { identity: { kind: null, value: member.trim() } }
    const visit = { store_id: store.trim(), place: place.trim() || null, campaign_id: campaign.trim() || null }
    create.mutate({ ...(kind === 'member' ? known : visit), source: source ?? null, expires_s, redirect_url: redirect.trim() || null })
  }
  if (sources?.length === 0) {
    return (
      <Card>
        <Notice title={t('bind.no_source')} help={t('bind.no_source_help')} />
      </Card>
    )
  }
  const field = (name: 'store' | 'place' | 'campaign' | 'redirect', value: string, set: (value: string) => void, placeholder: string) => (
    <div>
      <label htmlFor={`${id}-${name}`}>{t(`bind.${name}`)}</label>
      <Input id={`${id}-${name}`} value={value} placeholder={placeholder} maxLength={name === 'redirect' ? 500 : 64} onChange={(event) => set(event.target.value)} />
    </div>
  )
  return (
    <Card title={t('bind.new')}>
      <form className="zk-source-form" onSubmit={submit}>
        <Segmented
          aria-label={t('bind.kind')}
          value={kind}
          onChange={(next) => {
            setKind(next)
            setExpiry(undefined)
          }}
          options={[
            { value: 'member' as const, label: t('bind.member') },
            { value: 'store' as const, label: t('bind.visit') },
          ]}
        />
        {kind === 'member' && profile && (
          <p>
            {t('bind.for_profile', { profile })}{' '}
            <button type="button" className="zk-link-button" onClick={onForget}>
              {t('bind.other_member')}
            </button>
          </p>
        )}
        {kind === 'member' && !profile && (
          <div>
            <label htmlFor={`${id}-member`}>{t('bind.member_id')}</label>
            <Input id={`${id}-member`} value={member} autoComplete="off" maxLength={255} onChange={(event) => setMember(event.target.value)} aria-describedby={`${id}-member-help`} />
            <p id={`${id}-member-help`} className="zk-muted">
              {t('bind.member_help')}
            </p>
          </div>
        )}
        {kind === 'store' && (
          <>
            {field('store', store, setStore, 'SH-001')}
            {field('place', place, setPlace, 'A3')}
            {field('campaign', campaign, setCampaign, '2026-618')}
          </>
        )}
        {sources && (
          <div>
            <label htmlFor={`${id}-source`}>{t('bind.source')}</label>
            <Select id={`${id}-source`} value={source} onChange={setSource} options={sources.map((each) => ({ value: each.source_id, label: each.name }))} style={{ width: '100%' }} />
            <p className="zk-muted">{t('bind.source_help')}</p>
          </div>
        )}
        <div>
          <label htmlFor={`${id}-expiry`}>{t('bind.expiry')}</label>
          <Select id={`${id}-expiry`} value={expires_s} onChange={setExpiry} options={EXPIRIES[kind].map(({ value, key }) => ({ value, label: t(`bind.expiries.${key}`) }))} style={{ width: '100%' }} />
        </div>
        {field('redirect', redirect, setRedirect, 'https://shop.example.cn/welcome')}
        {create.isError && <ErrorNotice error={create.error} />}
        <div className="zk-form-actions">
          <Button type="primary" htmlType="submit" loading={create.isPending} disabled={!isReady}>
            {t('bind.create')}
          </Button>
        </div>
      </form>
    </Card>
  )
}
