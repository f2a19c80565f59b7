// Orders as a timeline, twenty at a time; each opens to its lines.
import { DownOutlined, RightOutlined } from '@ant-design/icons'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useId, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { profileOrdersQuery } from '../../api/queries'
import type { Order } from '../../api/types'
import { useFormat } from '../../app/workspace'
import { Card } from '../../ui/Card'
import { DataTable } from '../../ui/DataTable'
import { Parts } from '../../ui/Parts'
import { ErrorNotice, Notice, Skeleton } from '../../ui/states'
import { More } from '../../ui/More'
import { word } from '../../words'

export function Orders({ profileId, currency, n }: { profileId: string; currency: string; n: number }) {
  const { t } = useTranslation()
  const format = useFormat(currency)
  const query = useInfiniteQuery(profileOrdersQuery(profileId))
  const orders = query.data?.pages.flatMap((page) => page.items) ?? []
  const months = groupByMonth(orders, (order) => format.instantDay(order.ordered_at).slice(0, 7))
  return (
    <Card title={t('profile.timeline')} hint={n > 0 ? `${t('profile.orders')} ${format.count(n)}` : undefined}>
      {query.isPending && <Skeleton rows={5} height={36} />}
      {query.isError && <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />}
      {query.data && orders.length === 0 && <Notice title={t('profile.no_orders')} />}
      {months.map(([month, each]) => (
        <section key={month} className="zk-month" aria-label={format.month(month)}>
          <h3>{format.month(month)}</h3>
          <ol className="zk-timeline">
            {each.map((order) => (
              <OrderRow key={`${order.source ?? ''}/${order.order_id}`} order={order} currency={currency} />
            ))}
          </ol>
        </section>
      ))}
      <More query={query} />
    </Card>
  )
}

function groupByMonth(orders: readonly Order[], monthOf: (order: Order) => string): [string, Order[]][] {
  const months = new Map<string, Order[]>()
  for (const order of orders) {
    const month = monthOf(order)
    months.set(month, [...(months.get(month) ?? []), order])
  }
  return [...months]
}

function OrderRow({ order, currency }: { order: Order; currency: string }) {
  const { t } = useTranslation()
  const format = useFormat(currency)
  const [isOpen, setOpen] = useState(false)
  const id = useId()
  const isBack = order.kind === 'refund' || order.status === 'refunded' || order.status === 'cancelled'
  const notes = [
    order.channel,
    order.store_id,
    order.n_items == null ? undefined : t('profile.n_items', { count: order.n_items, n: format.quantity(order.n_items) }),
    Number(order.discount ?? 0) > 0 ? t('profile.discount', { amount: format.money(order.discount) }) : undefined,
    Number(order.refunded_amount ?? 0) > 0 ? t('profile.refunded_part', { amount: format.money(order.refunded_amount) }) : undefined,
    order.original_amount != null && order.currency !== currency ? t('profile.original', { amount: format.amount(order.original_amount), currency: order.currency }) : undefined,
  ]
  return (
    <li className={isBack ? 'zk-order zk-order-back' : 'zk-order'}>
      <button
        type="button"
        className="zk-order-head"
        aria-expanded={isOpen}
        aria-controls={id}
        onClick={() => setOpen(!isOpen)}
      >
        {isOpen ? <DownOutlined aria-hidden="true" /> : <RightOutlined aria-hidden="true" />}
        <span className="zk-order-when">{format.instantShort(order.ordered_at)}</span>
        <span className="zk-order-what">
          <span className="zk-order-id">{order.order_id}</span>
          <span className={`zk-status zk-status-${order.status}`}>{order.kind === 'sale' ? word(t, 'order_status', order.status) : word(t, 'order_kind', order.kind)}</span>
          <Parts className="zk-order-note" parts={notes} />
        </span>
        <span className="zk-order-amount">{format.money(order.net_amount)}</span>
      </button>
      <div id={id} hidden={!isOpen} className="zk-order-lines">
        {isOpen && (
          <DataTable
            caption={t('profile.order', { id: order.order_id })}
            rows={order.items}
            rowKey={(line) => line.line_no}
            keepsColumns
            columns={[
              {
                key: 'product',
                title: t('profile.line_product'),
                isHead: true,
                cell: (line) => (
                  <>
                    {line.product_name ?? line.product_id ?? t('profile.unknown_product')}
                    {line.is_refund && <span className="zk-status zk-status-refunded">{t('profile.line_refund')}</span>}
                    {line.product_name && line.product_id && <small className="zk-below">{line.product_id}</small>}
                  </>
                ),
              },
              { key: 'quantity', title: t('profile.line_quantity'), align: 'right', cell: (line) => format.quantity(line.quantity) },
              { key: 'price', title: t('profile.line_price', { unit: format.moneyUnit }), align: 'right', cell: (line) => format.amount(line.unit_price) },
              { key: 'amount', title: t('profile.line_amount', { unit: format.moneyUnit }), align: 'right', cell: (line) => format.amount(line.amount) },
            ]}
          />
        )}
      </div>
    </li>
  )
}
