// 时间线: all that happened to a customer, of every kind, newest first, day by day.
import { useInfiniteQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { Checkbox, Input, Select } from 'antd'
import type { TFunction } from 'i18next'
import { useTranslation } from 'react-i18next'
import { timelineQuery, type TimelineWish } from '../../api/person'
import type { TimelineItem, TimelineKind } from '../../api/types'
import { kindsIn } from '../../app/router'
import { TIMELINE_KINDS, type ProfileSearch } from '../../app/search'
import { useFormat } from '../../app/workspace'
import { Card } from '../../ui/Card'
import { Parts } from '../../ui/Parts'
import { ErrorNotice, Notice, Skeleton } from '../../ui/states'
import { More } from '../../ui/More'
import type { Format } from '../../format'
import { word } from '../../words'

const route = getRouteApi('/customers/$profileId')

export function Timeline({ profileId, currency }: { profileId: string; currency: string }) {
  const { t } = useTranslation()
  const { kinds, channel, day } = route.useSearch()
  const navigate = route.useNavigate()
  const wished = kindsIn(kinds)
  const query = useHappenings(profileId, { kinds: wished, channel, day })
  const set = (next: Partial<ProfileSearch>) => void navigate({ search: (old) => ({ ...old, ...next }), replace: true, resetScroll: false })
  const [first] = query.data?.pages ?? []
  const count = new Map(first?.kinds.map((each) => [each.kind, each.n]))
  const total = first?.kinds.reduce((sum, each) => sum + each.n, 0) ?? 0
  const known = TIMELINE_KINDS.filter((kind) => count.has(kind))
  return (
    <Card title={t('person.timeline')} hint={first && t('person.n_happenings', { count: total })} isStale={query.isPlaceholderData}>
      <div className="zk-timeline-filter">
        <Checkbox.Group<TimelineKind>
          aria-label={t('person.kinds')}
          value={wished.length > 0 ? wished : known}
          onChange={(next) => set({ kinds: next.length === known.length ? undefined : TIMELINE_KINDS.filter((kind) => next.includes(kind)).join() || undefined })}
          options={known.map((kind) => ({ value: kind, label: `${t(`person.kind_${kind}`)} ${count.get(kind) ?? ''}` }))}
        />
        {(first?.channels.length ?? 0) > 0 && (
          <Select
            aria-label={t('person.channel')}
            popupMatchSelectWidth={false}
            value={channel ?? ''}
            onChange={(next) => set({ channel: next || undefined })}
            options={[{ value: '', label: `${t('person.channel')}: ${t('table.all')}` }, ...(first?.channels ?? []).map((each) => ({ value: each.channel, label: `${each.channel} ${each.n}` }))]}
          />
        )}
        <label className="zk-timeline-day">
          {t('person.jump')} <Input type="date" className="zk-day-input" value={day ?? ''} onChange={(event) => set({ day: event.target.value || undefined })} />
        </label>
      </div>
      <Happenings query={query} currency={currency} empty={total > 0 ? t('person.none_match') : t('person.nothing')} />
    </Card>
  )
}

/** What a customer said: the same list, of one kind. */
export function Feedback({ profileId, currency }: { profileId: string; currency: string }) {
  const { t } = useTranslation()
  const query = useHappenings(profileId, { kinds: ['feedback'] })
  return (
    <Card title={t('person.feedback')}>
      <Happenings query={query} currency={currency} empty={t('person.no_feedback')} emptyHelp={t('person.no_feedback_help')} />
    </Card>
  )
}

const useHappenings = (profileId: string, wish: TimelineWish) => useInfiniteQuery(timelineQuery(profileId, wish))
type Query = ReturnType<typeof useHappenings>

function Happenings({ query, currency, empty, emptyHelp }: { query: Query; currency: string; empty: string; emptyHelp?: string | undefined }) {
  const { t } = useTranslation()
  const format = useFormat(currency)
  const items = query.data?.pages.flatMap((page) => page.items) ?? []
  const days = new Map<string, TimelineItem[]>()
  for (const item of items) {
    const day = format.instantDay(item.at)
    days.set(day, [...(days.get(day) ?? []), item])
  }
  return (
    <>
      {query.isPending && <Skeleton rows={8} height={26} />}
      {query.isError && <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />}
      {query.data && items.length === 0 && <Notice title={empty} help={emptyHelp} />}
      {[...days].map(([day, each]) => (
        <section key={day} className="zk-day" aria-label={day === '--' ? t('person.no_time') : format.daySentence(day)}>
          <h3>{day === '--' ? t('person.no_time') : format.daySentence(day)}</h3>
          <ol>
            {each.map((item) => (
              <li key={`${item.kind}/${item.source}/${item.id}`} className={`zk-happening zk-happening-${item.kind}`}>
                <span className="zk-figures zk-happening-when">{format.time(item.at)}</span>
                <span className="zk-happening-kind">{t(`person.kind_${item.kind}`)}</span>
                <span className="zk-happening-what">
                  <strong>{whatOf(t, item)}</strong>
                  <Parts className="zk-muted" parts={notesOf(t, item, format)} />
                </span>
                <span className="zk-figures zk-right">{item.amount === null ? '' : `${item.kind === 'refund' ? '−' : ''}${format.money(item.amount)}`}</span>
              </li>
            ))}
          </ol>
        </section>
      ))}
      <More query={query} />
    </>
  )
}

/** What happened, in a word. */
function whatOf(t: TFunction, { kind, name, id, order_id }: TimelineItem): string {
  switch (kind) {
    case 'order':
      return `${id} ${word(t, 'order_status', name)}`
    case 'refund':
      return order_id ? t('person.refund_of', { id: order_id }) : id
    case 'interaction':
      return word(t, 'contact_kind', name)
    case 'feedback':
      return word(t, 'feedback_kind', name)
    case 'touch':
      return word(t, 'touch_outcome', name)
    default:
      return name ?? id
  }
}

function notesOf(t: TFunction, item: TimelineItem, format: Format): (string | null | undefined | false)[] {
  return [
    item.score !== null && t('person.score', { score: format.quantity(item.score) }),
    item.text,
    item.channel,
    item.kind === 'feedback' && item.order_id && t('profile.order', { id: item.order_id }),
    item.until && t('person.until', { when: format.instantShort(item.until) }),
    item.source,
  ]
}
