// 待复核: two records at a time, side by side; one customer, two, or later. Keys: M, S, N.
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Button } from 'antd'
import { useEffect, useEffectEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { identityReviewQuery, judgePair, lastMatchQuery, matchRecords } from '../../api/identity'
import type { ReviewField, ReviewPair } from '../../api/types'
import { useSettings } from '../../app/settings'
import { useFormat } from '../../app/workspace'
import { Card } from '../../ui/Card'
import { DataTable, type Column } from '../../ui/DataTable'
import { isOnPage, plainKey } from '../../ui/keys'
import { ErrorNotice, Notice, Skeleton } from '../../ui/states'
import { word } from '../../words'
import { People } from './People'

export function Review() {
  const { t } = useTranslation()
  const format = useFormat()
  const [nLater, setLater] = useState(0)
  const query = useQuery(identityReviewQuery(nLater))
  const skip = () => setLater((n) => (query.data && n + 1 < query.data.n ? n + 1 : 0))
  return (
    <Card title={t('who.review')} hint={query.data && t('who.review_hint', { n: format.count(query.data.n) })}>
      <p className="zk-muted">{t('who.review_help')}</p>
      <Compare />
      {query.isPending && <Skeleton rows={6} height={28} />}
      {query.isError && <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />}
      {query.data && (query.data.pairs.length === 0 ? <Notice title={t('who.review_none')} help={t('who.review_none_help')} /> : <Queue pair={query.data.pairs[0]} isComing={query.isPlaceholderData} onSkip={skip} />)}
    </Card>
  )
}

/** When records were compared last, and doing it now. */
function Compare() {
  const { t } = useTranslation()
  const format = useFormat()
  const cache = useQueryClient()
  const query = useQuery(lastMatchQuery)
  const run = useMutation({ mutationFn: matchRecords, onSuccess: () => cache.invalidateQueries() })
  const last = run.data ?? query.data?.last
  const said = last && { at: format.instant(last.at), records: format.count(last.n_records), joined: format.count(last.n_joined), review: format.count(last.n_review) }
  return (
    <div className="zk-form-actions">
      <span role="status">{said ? t('who.compared', said) : t('who.never_compared')}</span>
      <Button size="small" loading={run.isPending} onClick={() => run.mutate()}>
        {t('who.compare')}
      </Button>
      {run.error && <ErrorNotice error={run.error} />}
    </div>
  )
}

/** While the next pair is coming, the one that is shown must not be judged in its place. */
function Queue({ pair, isComing, onSkip }: { pair: ReviewPair | undefined; isComing: boolean; onSkip: () => void }) {
  const { t } = useTranslation()
  const cache = useQueryClient()
  const { hasLetterKeys } = useSettings()
  const [reason, setReason] = useState('')
  // Who is one or two changes what every page counts.
  const judge = useMutation({ mutationFn: judgePair, onSuccess: () => cache.invalidateQueries() })
  const decide = (isOne: boolean) => {
    if (!pair || isComing || judge.isPending) return
    judge.mutate({ identity_ids: pair.identity_ids, is_one: isOne, reason: reason.trim() || t(isOne ? 'who.review_one' : 'who.review_two') })
  }
  const onKey = useEffectEvent((event: KeyboardEvent) => {
    const key = plainKey(event)
    if (!hasLetterKeys || !isOnPage(event)) return
    if (key === 'm') decide(true)
    if (key === 's') decide(false)
    if (key === 'n') onSkip()
  })
  useEffect(() => {
    const listen = (event: KeyboardEvent) => onKey(event)
    window.addEventListener('keydown', listen)
    return () => window.removeEventListener('keydown', listen)
  }, [])
  if (!pair) return null
  return (
    <>
      <Pair pair={pair} />
      <div className="zk-form-actions">
        <input className="zk-select" maxLength={200} size={28} placeholder={t('who.review_reason')} aria-label={t('who.review_reason')} value={reason} onChange={(event) => setReason(event.target.value)} />
        <Button type="primary" disabled={isComing} loading={judge.isPending} onClick={() => decide(true)}>
          {t('who.review_merge')}
        </Button>
        <Button disabled={isComing || judge.isPending} onClick={() => decide(false)}>
          {t('who.review_apart')}
        </Button>
        <Button type="text" onClick={onSkip}>
          {t('who.review_later')}
        </Button>
      </div>
      {judge.error && <ErrorNotice error={judge.error} />}
    </>
  )
}

function Pair({ pair }: { pair: ReviewPair }) {
  const { t, i18n } = useTranslation()
  const format = useFormat()
  const level = (one: ReviewField) => (i18n.language.startsWith('zh') ? one.level_zh : one.level_en)
  const columns: Column<ReviewField>[] = [
    { key: 'field', title: t('who.review_field'), isHead: true, cell: (one) => word(t, 'record_field', one.field) },
    { key: 'left', title: <People ids={pair.profile_ids.slice(0, 1)} />, cell: (one) => one.left ?? '—' },
    { key: 'right', title: <People ids={pair.profile_ids.slice(1)} />, cell: (one) => one.right ?? '—' },
    { key: 'level', title: t('who.review_level'), cell: (one) => level(one) ?? t('who.review_unsaid') },
    { key: 'bits', title: t('who.review_bits'), align: 'right', cell: (one) => (level(one) ? <span className={one.bits < 0 ? 'zk-against' : 'zk-for'}>{format.quantity(one.bits)}</span> : '') },
  ]
  return (
    <>
      <p role="status">{t('who.review_likely', { share: format.ratio(pair.probability) })}</p>
      <DataTable caption={t('who.review')} columns={columns} rows={pair.fields} rowKey={(one) => one.field} keepsColumns />
    </>
  )
}
