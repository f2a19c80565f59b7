// 单点登录: which identity provider vouches for people, and which of its groups have which role here.
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Button, Input, Popconfirm } from 'antd'
import { useId, useState, type SyntheticEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { removeSso, ROLES, setSso, ssoQuery, type NewSso, type SsoState } from '../../api/accounts'
import { Card } from '../../ui/Card'
import { Page } from '../../ui/Page'
import { ErrorNotice, Skeleton } from '../../ui/states'
import { word } from '../../words'
import { groupsOfAll, readRoleMap, roleMapText, rowsOfGroups } from './roleMap'
import { ScopeFields } from './ScopeFields'

export default function SsoPage() {
  const { t } = useTranslation()
  const query = useQuery(ssoQuery)
  return (
    <Page title={t('sso.title')} question={t('sso.question')}>
      <Card>
        {query.isPending && <Skeleton rows={6} height={32} />}
        {query.isError && <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />}
        {query.data && <Provider key={query.data.provider?.issuer ?? ''} state={query.data} />}
      </Card>
    </Page>
  )
}

function Provider({ state: { provider, redirect_url: redirectUrl } }: { state: SsoState }) {
  const { t } = useTranslation()
  const id = useId()
  const cache = useQueryClient()
  const [draft, setDraft] = useState({
    issuer: provider?.issuer ?? '',
    client_id: provider?.client_id ?? '',
    client_secret: '',
    name: provider?.name ?? '',
    scopes: provider?.scopes.join(' ') ?? '',
    role_claim: provider?.role_claim ?? '',
    role_map: roleMapText(provider?.role_map ?? {}),
  })
  const [creates, setCreates] = useState(provider?.creates ?? false)
  const [rows, setRows] = useState(provider?.scope_map ?? {})
  const [ofAll, setOfAll] = useState(groupsOfAll(rows))
  const [isOpen, setOpen] = useState(Object.keys(rows).length > 0 && provider?.scope_default === 'all')
  const onSuccess = () => cache.invalidateQueries({ queryKey: ssoQuery.queryKey })
  const save = useMutation({ mutationFn: (next: NewSso) => setSso(next), onSuccess })
  const remove = useMutation({ mutationFn: removeSso, onSuccess })
  const map = readRoleMap(draft.role_map)
  const words = draft.scopes.split(/\s+/).filter(Boolean)
  const submit = (event: SyntheticEvent) => {
    event.preventDefault()
    if (!map) return
    // A secret that is not written again stays.
    const secret = draft.client_secret === '' ? null : draft.client_secret
    save.mutate({ issuer: draft.issuer, client_id: draft.client_id, client_secret: secret, name: draft.name, scopes: words, role_claim: draft.role_claim || null, role_map: map, scope_map: rowsOfGroups(rows, ofAll, map), scope_default: isOpen ? 'all' : null, creates })
  }
  const field = (key: keyof typeof draft, more?: { type?: string; placeholder?: string }) => (
    <div className="zk-field">
      <label htmlFor={`${id}-${key}`}>{t(`sso.${key}`)}</label>
      <Input id={`${id}-${key}`} value={draft[key]} maxLength={300} autoComplete="off" {...more} onChange={(event) => setDraft({ ...draft, [key]: event.target.value })} />
    </div>
  )
  return (
    <form className="zk-source-form" onSubmit={submit}>
      <p className="zk-muted">{t('sso.help')}</p>
      <dl className="zk-facts">
        <div>
          <dt>{t('sso.redirect_url')}</dt>
          <dd>
            <code>{redirectUrl}</code>
          </dd>
        </div>
      </dl>
      {field('issuer', { placeholder: 'https://id.example.com/realms/staff' })}
      {field('client_id')}
      {field('client_secret', { type: 'password', placeholder: provider?.has_secret ? t('sso.secret_stays') : '' })}
      {field('name')}
      {field('scopes', { placeholder: 'email groups' })}
      {field('role_claim', { placeholder: 'groups' })}
      <div className="zk-field">
        <label htmlFor={`${id}-map`}>{t('sso.role_map')}</label>
        <Input.TextArea id={`${id}-map`} rows={4} value={draft.role_map} placeholder="marketing = operator" status={map ? '' : 'error'} onChange={(event) => setDraft({ ...draft, role_map: event.target.value })} />
        <p className="zk-field-help">{t('sso.role_map_help', { roles: ROLES.map((role) => `${role} (${word(t, 'role', role)})`).join(' · ') })}</p>
      </div>
      {map && Object.keys(map).length > 0 && (
        <details className="zk-commerce" open={Object.keys(rows).length > 0 || undefined}>
          <summary>{t('sso.rows')}</summary>
          <p className="zk-field-help">{t('sso.rows_help')}</p>
          {Object.keys(map).map((group) => (
            <fieldset key={group} className="zk-group-rows">
              <legend>{group}</legend>
              <label className="zk-check">
                <input type="checkbox" checked={ofAll.includes(group)} onChange={(event) => setOfAll(event.target.checked ? [...ofAll, group] : ofAll.filter((one) => one !== group))} />
                {t('sso.rows_all')}
              </label>
              {!ofAll.includes(group) && <ScopeFields scope={rows[group] ?? { provinces: [], stores: [] }} onChange={(scope) => setRows({ ...rows, [group]: scope })} />}
            </fieldset>
          ))}
          <label className="zk-check">
            <input type="checkbox" checked={isOpen} onChange={(event) => setOpen(event.target.checked)} />
            {t('sso.rows_open')}
          </label>
        </details>
      )}
      <label className="zk-check">
        <input type="checkbox" checked={creates} onChange={(event) => setCreates(event.target.checked)} />
        {t('sso.creates')}
      </label>
      {(save.error ?? remove.error) && <ErrorNotice error={save.error ?? remove.error} title={t('sso.failed')} />}
      <div className="zk-form-actions">
        <Button type="primary" htmlType="submit" loading={save.isPending} disabled={!map || draft.issuer.trim() === '' || draft.client_id.trim() === ''}>
          {t('sso.save')}
        </Button>
        {provider && (
          <Popconfirm title={t('sso.remove_sure')} okText={t('sso.remove')} cancelText={t('access.cancel')} onConfirm={() => remove.mutate()}>
            <Button danger loading={remove.isPending}>
              {t('sso.remove')}
            </Button>
          </Popconfirm>
        )}
        <span className="zk-muted" role="status">
          {save.isSuccess && t('sso.saved')}
        </span>
      </div>
    </form>
  )
}
