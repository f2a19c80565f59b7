// One customer beside the list: enough to decide whether to open the whole profile. The list keeps its place.
import { CloseOutlined } from '@ant-design/icons'
import { useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { Button } from 'antd'
import { useEffect, useEffectEvent, useId, useRef, type KeyboardEvent, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { profileOrdersQuery, profileQuery } from '../../api/queries'
import type { ProfileItem, ProfileSheet } from '../../api/types'
import { useSettings } from '../../app/settings'
import { useFormat } from '../../app/workspace'
import { Parts } from '../../ui/Parts'
import { plainKey } from '../../ui/keys'
import { focusRow } from '../../ui/rowKeys'
import { ErrorNotice, Notice, Skeleton } from '../../ui/states'
import { word } from '../../words'
import { regionOf, TierTag } from './people'

const N_ORDERS = 5

type Props = {
  profileId: string
  /** The list that the customer stands in; J and K go through it. */
  people: readonly ProfileItem[]
  onMove: (profileId: string) => void
  onClose: () => void
  /** What the list has to say about this customer; stands above the summary. */
  children?: ReactNode
}

export function PersonDrawer({ profileId, people, onMove, onClose, children }: Props) {
  const { t } = useTranslation()
  const { hasLetterKeys } = useSettings()
  const navigate = useNavigate()
  const cache = useQueryClient()
  const dialog = useRef<HTMLDialogElement>(null)
  const heading = useRef<HTMLHeadingElement>(null)
  const id = useId()
  const query = useQuery(profileQuery(profileId))
  const at = people.findIndex((person) => person.profile_id === profileId)
  const listed = people[at]
  const before = people[at - 1]?.profile_id
  const after = at >= 0 ? people[at + 1]?.profile_id : undefined
  const first = query.data?.identities[0]
  const name =
    listed?.name ?? query.data?.profile.name ?? (first ? `${word(t, 'identity', first.kind)} ${first.value ?? ''}` : query.isPending ? t('app.loading') : t('customers.unnamed'))

  const returnFocus = useEffectEvent(() => focusRow(profileId))
  useEffect(() => {
    dialog.current?.showModal()
    return () => {
      // The list is there again once this is gone.
      setTimeout(() => returnFocus())
    }
  }, [])
  useEffect(() => heading.current?.focus(), [profileId])
  useEffect(() => {
    // Asked for ahead; the drawer shows what has failed once it is there.
    if (after) cache.query(profileQuery(after)).catch(() => undefined)
  }, [after, cache])

  const onKeyDown = (event: KeyboardEvent) => {
    const key = plainKey(event.nativeEvent)
    const next = hasLetterKeys && key === 'j' ? after : hasLetterKeys && key === 'k' ? before : undefined
    if (next) {
      event.preventDefault()
      onMove(next)
    } else if (key === 'Enter' && event.target === heading.current) {
      void navigate({ to: '/customers/$profileId', params: { profileId } })
    }
  }
  return (
    <dialog
      ref={dialog}
      className="zk-sheet zk-peek-sheet"
      aria-labelledby={`${id}-title`}
      onClose={onClose}
      onKeyDown={onKeyDown}
      onClick={(event) => {
        if (event.target === dialog.current) dialog.current.close()
      }}
    >
      <header className="zk-sheet-head">
        <div className="zk-person-head">
          <h2 id={`${id}-title`} ref={heading} tabIndex={-1}>
            {name}
          </h2>
          {(listed?.tier ?? query.data?.rfm?.tier) && <TierTag tier={listed?.tier ?? query.data?.rfm?.tier} />}
          <span className="zk-masked">{t('profile.masked')}</span>
        </div>
        <button type="button" className="zk-icon-button" aria-label={t('customers.peek_close')} onClick={() => dialog.current?.close()}>
          <CloseOutlined aria-hidden="true" />
        </button>
      </header>
      <div className="zk-sheet-body" role="group" aria-labelledby={`${id}-title`} tabIndex={0} aria-busy={query.isPending}>
        {children}
        {query.isPending && <Skeleton rows={8} height={22} />}
        {query.isError && <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />}
        {query.data && <Summary key={profileId} sheet={query.data} />}
      </div>
      <footer className="zk-sheet-foot">
        {people.length > 1 && at >= 0 && (
          <div className="zk-peek-steps">
            <Button disabled={!before} aria-keyshortcuts="K" onClick={() => before && onMove(before)}>
              {t('customers.peek_previous')} <kbd aria-hidden="true">K</kbd>
            </Button>
            <Button disabled={!after} aria-keyshortcuts="J" onClick={() => after && onMove(after)}>
              {t('customers.peek_next')} <kbd aria-hidden="true">J</kbd>
            </Button>
          </div>
        )}
        <Link to="/customers/$profileId" params={{ profileId }} className="zk-button zk-button-primary">
          {t('customers.peek_whole')}
        </Link>
      </footer>
    </dialog>
  )
}

function Summary({ sheet: { profile, rfm, totals, identities, currency } }: { sheet: ProfileSheet }) {
  const { t } = useTranslation()
  const { lang } = useSettings()
  const format = useFormat(currency)
  const figures = [
    { key: 'net', label: t('profile.net'), value: format.moneyShort(totals.net_amount), exact: format.money(totals.net_amount) },
    { key: 'orders', label: t('profile.orders'), value: format.count(totals.n_orders), exact: t('profile.orders_hint') },
    { key: 'average', label: t('profile.average'), value: format.moneyShort(totals.average_order), exact: format.money(totals.average_order) },
    { key: 'last', label: t('profile.last_order'), value: format.instantDay(totals.last_ordered_at) },
  ]
  const why = rfm ? (lang === 'zh' ? rfm.why_zh : rfm.why_en) : []
  return (
    <>
      <Parts
        className="zk-muted"
        parts={[
          profile.kind === 'company' && t('profile.company'),
          profile.gender === 'male' ? t('profile.male') : profile.gender === 'female' && t('profile.female'),
          profile.birth_year != null && t('profile.born', { year: profile.birth_year }),
          regionOf(profile) !== '--' && regionOf(profile),
          profile.phone,
          profile.member_level,
          profile.profile_id,
        ]}
      />
      <dl className="zk-peek-figures">
        {figures.map((figure) => (
          <div key={figure.key}>
            <dt>{figure.label}</dt>
            <dd title={figure.exact}>{figure.value}</dd>
          </div>
        ))}
      </dl>
      <h3>{t('profile.rfm')}</h3>
      {rfm ? (
        <>
          <p className="zk-place-name">
            <strong>{word(t, 'segment', rfm.rfm_segment)}</strong>
            <span className="zk-scores" title={t('customers.rfm_full', { r: rfm.r_score, f: rfm.f_score, m: rfm.m_score })}>
              R{rfm.r_score} F{rfm.f_score} M{rfm.m_score}
            </span>
          </p>
          <ul className="zk-notes">
            {why.map((sentence) => (
              <li key={sentence}>{sentence}</li>
            ))}
          </ul>
        </>
      ) : (
        <p className="zk-muted">{t('profile.rfm_none')}</p>
      )}
      <h3>{t('profile.identities')}</h3>
      <ul className="zk-peek-list">
        {identities.slice(0, N_ORDERS).map((identity) => (
          <li key={identity.identity_id}>
            <span>{word(t, 'identity', identity.kind)}</span>
            <span>{identity.value}</span>
          </li>
        ))}
      </ul>
      <h3>{t('customers.peek_orders')}</h3>
      <LastOrders profileId={profile.profile_id} currency={currency} />
    </>
  )
}

function LastOrders({ profileId, currency }: { profileId: string; currency: string }) {
  const { t } = useTranslation()
  const format = useFormat(currency)
  const query = useInfiniteQuery(profileOrdersQuery(profileId))
  const orders = query.data?.pages[0]?.items.slice(0, N_ORDERS) ?? []
  if (query.isPending) return <Skeleton rows={3} height={20} />
  if (query.isError) return <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />
  if (orders.length === 0) return <Notice title={t('profile.no_orders')} />
  return (
    <ul className="zk-peek-list zk-peek-orders">
      {orders.map((order) => (
        <li key={`${order.source}/${order.order_id}`}>
          <span className="zk-figures">{format.instantDay(order.ordered_at)}</span>
          <Parts
            parts={[
              order.items[0]?.product_name ?? order.items[0]?.product_id ?? order.order_id,
              order.items.length > 1 && t('customers.peek_more', { count: order.items.length - 1 }),
              order.kind === 'sale' ? undefined : word(t, 'order_kind', order.kind),
            ]}
          />
          <span className="zk-right">{format.money(order.net_amount)}</span>
        </li>
      ))}
    </ul>
  )
}
