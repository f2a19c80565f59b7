// 优惠券: who got coupons, who used them, what was bought with them, who was due anyway.
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { couponsQuery, type CouponRow, type CouponsAnswer } from '../../api/campaigns'
import { useSettings } from '../../app/settings'
import { useFormat } from '../../app/workspace'
import { Chart, Save, type Palette } from '../../charts/Chart'
import { Card } from '../../ui/Card'
import { DataTable, type Column } from '../../ui/DataTable'
import { Notice } from '../../ui/states'
import { Means } from '../insight/Answer'
import { barsOption } from '../insight/bars'
import type { TabProps } from './CampaignsPage'
import { Ready, useBetween, usePeople } from './shared'

/** Rows drawn as bars. */
const DRAWN = 12

export default function Coupons(props: TabProps) {
  const query = useQuery(couponsQuery(props.question))
  return (
    <Ready query={query} onAnswer={props.onAnswer}>
      {(answer) => <Answer {...props} answer={answer} isStale={query.isPlaceholderData} />}
    </Ready>
  )
}

function Answer({ answer, isStale, onPeople }: TabProps & { answer: CouponsAnswer; isStale: boolean }) {
  const { t } = useTranslation()
  const { lang } = useSettings()
  const format = useFormat()
  const people = usePeople(onPeople)
  const between = useBetween()
  const titleOf = (row: CouponRow) => (row === answer.total ? t('campaigns.total') : (row.name ?? (row.key || t('campaigns.not_said'))))
  const figure = (which: 'issued' | 'redeemed' | 'rhythm' | 'anyway', n: (row: CouponRow) => number | null | undefined): Column<CouponRow> => ({
    key: which,
    title: t(`campaigns.which_${which}`),
    align: 'right',
    cell: (row) => people({ of: 'coupons', key: row === answer.total ? undefined : row.key, which }, titleOf(row), n(row), t(`campaigns.which_${which}`)),
  })
  const columns: Column<CouponRow>[] = [
    { key: 'name', title: t(`campaigns.by_${answer.by as 'campaign'}`), isHead: true, cell: titleOf },
    figure('issued', (row) => row.n_issued),
    figure('redeemed', (row) => row.n_redeemed),
    { key: 'rate', title: t('campaigns.redemption'), align: 'right', cell: (row) => (row.rate == null ? '--' : format.ratioColumn(row.rate)) },
    { key: 'uses', title: t('campaigns.uses'), align: 'right', cell: (row) => format.people(row.n_uses) },
    { key: 'orders', title: t('campaigns.coupon_orders'), align: 'right', cell: (row) => format.people(row.n_orders) },
    { key: 'revenue', title: t('campaigns.coupon_revenue'), align: 'right', cell: (row) => (row.revenue == null ? '--' : format.moneyShort(row.revenue)) },
    { key: 'discount', title: t('campaigns.discount'), align: 'right', cell: (row) => (row.discount == null ? '--' : format.moneyShort(row.discount)) },
    figure('rhythm', (row) => row.n_rhythm),
    figure('anyway', (row) => row.n_anyway),
  ]
  const title = t('campaigns.coupons')
  const rows = answer.rows.slice(0, DRAWN)
  const names = rows.map(titleOf)
  const bars = [
    { name: t('campaigns.which_issued'), values: rows.map((row) => row.n_issued ?? null), colour: 'series-5' as const },
    { name: t('campaigns.which_redeemed'), values: rows.map((row) => row.n_redeemed ?? null), colour: 'series-1' as const },
  ]
  const tip = (at: number) => (rows[at] ? [names[at], ...bars.map((bar) => `${bar.name}  ${format.people(bar.values[at])}`)].join('\n') : '')
  const says = lang === 'zh' ? answer.head.meaning_zh : answer.head.meaning
  const head = [t(`campaigns.by_${answer.by as 'campaign'}`), t('campaigns.which_issued'), t('campaigns.which_redeemed'), t('campaigns.redemption'), t('campaigns.uses'), t('campaigns.coupon_orders'), t('campaigns.coupon_revenue'), t('campaigns.discount'), t('campaigns.which_rhythm'), t('campaigns.which_anyway')]
  return (
    <>
      <Means head={answer.head} />
      {answer.rows.length === 0 ? (
        <Card>
          <Notice title={t('campaigns.no_coupons')} help={t('campaigns.no_coupons_help')} />
        </Card>
      ) : (
        <>
          <Card title={t('campaigns.coupons_chart')} isStale={isStale}>
            <Chart title={t('campaigns.coupons_chart')} description={says} option={(palette: Palette) => barsOption(palette, names, bars, { name: t('campaigns.people'), write: (value) => format.countShort(value) }, tip, false)} n={rows.length} read={(at) => tip(at).replaceAll('\n', '，')} legend={bars.map((bar) => ({ name: bar.name, colour: bar.colour, kind: 'bar' }))} />
          </Card>
          <Card title={title} isStale={isStale}>
            <DataTable caption={title} rows={[...answer.rows, answer.total]} rowKey={(row) => (row === answer.total ? 'total' : `row-${row.key}`)} columns={columns} maxHeight={560} />
            <Save title={title} numbers={() => ({ head, rows: [...answer.rows, answer.total].map((row) => [titleOf(row), row.n_issued, row.n_redeemed, row.rate, row.n_uses, row.n_orders, row.revenue, row.discount, row.n_rhythm, row.n_anyway]) })} />
            {answer.change && <p className="zk-muted">{t('campaigns.change_says', { days: answer.change.days, value: between.money({ difference: answer.change.each, low: answer.change.low, high: answer.change.high }), n: format.count(answer.change.n), others: format.count(answer.change.n_others) })}</p>}
            <details className="zk-depth">
              <summary>{t('campaigns.depth')}</summary>
              <p className="zk-muted">{t('campaigns.depth_coupons')}</p>
            </details>
          </Card>
        </>
      )}
    </>
  )
}
