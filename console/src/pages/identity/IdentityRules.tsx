// 识别规则: with how many others each kind of identity may be seen, what one has only one of; tried before they are in force.
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Button, Popconfirm } from 'antd'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { identityRulesQuery, previewIdentityRules, putIdentityRules } from '../../api/identity'
import type { IdentityPreview, IdentityRules as Rules } from '../../api/types'
import { useFormat } from '../../app/workspace'
import { Card } from '../../ui/Card'
import { DataTable } from '../../ui/DataTable'
import { ErrorNotice, Skeleton } from '../../ui/states'
import { word } from '../../words'
import { People } from './People'
import { limitsOf, matchingOf, type MatchingTexts, matchingTexts, type Texts, textsOf } from './rules'

export function IdentityRules() {
  const { t } = useTranslation()
  const query = useQuery(identityRulesQuery)
  return (
    <Card title={t('who.rules')} hint={t('who.rules_hint')}>
      {query.isPending && <Skeleton rows={8} height={28} />}
      {query.isError && <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />}
      {query.data && <Form key={query.data.version} rules={query.data} />}
    </Card>
  )
}

function Form({ rules }: { rules: Rules }) {
  const { t } = useTranslation()
  const cache = useQueryClient()
  const [texts, setTexts] = useState<Texts>(textsOf(rules))
  const [unique, setUnique] = useState<readonly string[]>(rules.unique)
  const [shares, setShares] = useState<MatchingTexts>(matchingTexts(rules))
  const [limits, matching] = [limitsOf(texts), matchingOf(shares)]
  const edited = limits && matching && { ...rules, limits, matching, unique: [...unique] }
  const preview = useMutation({ mutationFn: previewIdentityRules })
  // Who is one or two changes what every page counts.
  const save = useMutation({ mutationFn: putIdentityRules, onSuccess: () => cache.invalidateQueries() })
  const change = (kind: string, text: string) => {
    preview.reset()
    save.reset()
    setTexts((all) => ({ ...all, [kind]: text }))
  }
  const toggle = (kind: string) => {
    preview.reset()
    save.reset()
    setUnique((all) => (all.includes(kind) ? all.filter((each) => each !== kind) : [...all, kind]))
  }
  const share = (change: Partial<MatchingTexts>) => {
    preview.reset()
    save.reset()
    setShares((all) => ({ ...all, ...change }))
  }
  const kinds = Object.keys(texts)
  return (
    <>
      <DataTable
        caption={t('who.rules')}
        columns={[
          { key: 'kind', title: t('who.title'), isHead: true, cell: (kind) => word(t, 'identity', kind) },
          {
            key: 'limit',
            title: t('who.limit'),
            cell: (kind) => (
              <input className="zk-select" inputMode="numeric" maxLength={2} size={4} placeholder={t('who.no_limit')} aria-label={t('who.limit_of', { kind: word(t, 'identity', kind) })} value={texts[kind]} onChange={(event) => change(kind, event.target.value)} />
            ),
          },
          {
            key: 'unique',
            title: t('who.unique'),
            cell: (kind) => <input type="checkbox" aria-label={t('who.unique_of', { kind: word(t, 'identity', kind) })} checked={unique.includes(kind)} onChange={() => toggle(kind)} />,
          },
        ]}
        rows={kinds}
        rowKey={(kind) => kind}
        keepsColumns
      />
      {!limits && <p role="alert" className="zk-off">{t('who.invalid')}</p>}
      <p className="zk-muted">{t('who.matching')}</p>
      <div className="zk-form-actions">
        <label>
          <input type="checkbox" checked={shares.isOn} onChange={() => share({ isOn: !shares.isOn })} /> {t('who.matching_on')}
        </label>
        <label>
          {t('who.join_from')} <input className="zk-select" inputMode="decimal" maxLength={5} size={5} value={shares.join} onChange={(event) => share({ join: event.target.value })} /> %
        </label>
        <label>
          {t('who.review_from')} <input className="zk-select" inputMode="decimal" maxLength={5} size={5} value={shares.review} onChange={(event) => share({ review: event.target.value })} /> %
        </label>
      </div>
      {!matching && <p role="alert" className="zk-off">{t('who.matching_invalid')}</p>}
      <div className="zk-form-actions">
        <Button disabled={!edited} loading={preview.isPending} onClick={() => edited && preview.mutate(edited)}>
          {t('who.try')}
        </Button>
        <Popconfirm title={t('who.apply_sure')} okText={t('who.apply')} cancelText={t('access.cancel')} onConfirm={() => edited && save.mutate(edited)} styles={{ root: { maxWidth: 420 } }}>
          <Button type="primary" disabled={!edited || !preview.data} loading={save.isPending}>
            {t('who.apply')}
          </Button>
        </Popconfirm>
      </div>
      {(preview.error ?? save.error) && <ErrorNotice error={preview.error ?? save.error} />}
      {save.data ? <p role="status">{t('who.applied')}</p> : preview.data && <Result preview={preview.data} />}
    </>
  )
}

function Result({ preview }: { preview: IdentityPreview }) {
  const { t } = useTranslation()
  const format = useFormat()
  const sum = (all: Record<string, number>) => Object.values(all).reduce((total, n) => total + n, 0)
  const [aside, again] = [sum(preview.set_aside), sum(preview.active_again)]
  if (preview.n_merged + preview.n_parted + aside + again === 0) return <p role="status">{t('who.nothing')}</p>
  return (
    <div role="status">
      <p>
        {t('who.result', {
          before: format.count(preview.n_people),
          after: format.count(preview.n_people_after),
          merged: format.count(preview.n_merged),
          parted: format.count(preview.n_parted),
          aside: format.count(aside),
          again: format.count(again),
        })}
      </p>
      {preview.parted.length > 0 && <p>{t('who.would_part')} <People ids={preview.parted.map((one) => one.profile_id)} /></p>}
      {preview.merged.length > 0 && <p>{t('who.would_merge')} {preview.merged.map((ids) => <People key={ids.join()} ids={ids} />)}</p>}
    </div>
  )
}
