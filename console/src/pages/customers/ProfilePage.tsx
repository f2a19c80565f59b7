// One customer: who is it, what is the customer worth, and why do we know.
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { lazy, Suspense, useMemo, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { profileQuery } from '../../api/queries'
import type { MonthValue, ProfileSheet } from '../../api/types'
import { ContextBar } from '../../app/ContextBar'
import { PROFILE_TABS, type View } from '../../app/search'
import { May } from '../../app/session'
import { useFormat, useWorkspace } from '../../app/workspace'
import { baseOption, ChartOrTable, ViewSwitch, type Palette } from '../../charts/Chart'
import { describeLine } from '../../charts/describe'
import { Card } from '../../ui/Card'
import { DataTable } from '../../ui/DataTable'
import { Page } from '../../ui/Page'
import { ErrorNotice, Notice, Skeleton } from '../../ui/states'
import { Tabs } from '../../ui/Tabs'
import { word } from '../../words'
import { Corrections } from './Corrections'
import { Identities } from './Identities'
import { Orders } from './Orders'
import { regionOf, TierTag } from './people'
import { Place } from './Place'
import './person.css'

// Each tab is loaded when it is opened.
const Acts = lazy(() => import('./Acts').then((part) => ({ default: part.Acts })))
const Feedback = lazy(() => import('./Timeline').then((part) => ({ default: part.Feedback })))
const PersonHistory = lazy(() => import('./PersonHistory').then((part) => ({ default: part.PersonHistory })))
const PersonConsents = lazy(() => import('../consents/PersonConsents').then((part) => ({ default: part.PersonConsents })))
const PersonSegments = lazy(() => import('./PersonSegments').then((part) => ({ default: part.PersonSegments })))
const PersonTags = lazy(() => import('./PersonTags').then((part) => ({ default: part.PersonTags })))
const WhoIsWho = lazy(() => import('./WhoIsWho').then((part) => ({ default: part.WhoIsWho })))
const MomentsCard = lazy(() => import('../campaigns/MomentsCard').then((part) => ({ default: part.MomentsCard })))
const WantedCard = lazy(() => import('../goods/WantedCard').then((part) => ({ default: part.WantedCard })))
const InsightCard = lazy(() => import('../models/InsightCard').then((part) => ({ default: part.InsightCard })))
const Origin = lazy(() => import('./Origin').then((part) => ({ default: part.Origin })))
const Timeline = lazy(() => import('./Timeline').then((part) => ({ default: part.Timeline })))

const route = getRouteApi('/customers/$profileId')

export default function ProfilePage() {
  const { t } = useTranslation()
  const { profileId } = route.useParams()
  const { view, tab, correct } = route.useSearch()
  const navigate = route.useNavigate()
  const query = useQuery(profileQuery(profileId))
  const workspace = useWorkspace()
  const sheet = query.data
  const currency = sheet?.currency ?? workspace.data?.currency ?? 'CNY'
  // A customer without a name is called by the first identity.
  const first = sheet?.identities[0]
  const title = !sheet ? t('profile.title') : (sheet.profile.name ?? (first ? `${word(t, 'identity', first.kind)} ${first.value}` : t('customers.unnamed')))

  return (
    <Page
      title={title}
      actions={
        sheet && (
          <>
            <May to="requests.start">
              <Link to="/governance/requests" search={{ request: 'new', profile: profileId }} className="zk-button">
                {t('requests.new')}
              </Link>
            </May>
            <May to="bindings.manage">
              <Link to="/data/bind" search={{ profile: profileId }} className="zk-button">
                {t('bind.title')}
              </Link>
            </May>
          </>
        )
      }
      above={<Link to="/customers" className="zk-back">← {t('profile.back')}</Link>} heading={sheet && <Head sheet={sheet} name={title} />}>
      <ContextBar />
      {query.isPending && (
        <Card>
          <Skeleton rows={8} height={24} />
        </Card>
      )}
      {query.isError && (
        <Card>
          <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />
        </Card>
      )}
      {sheet && (
        <>
          <Totals sheet={sheet} currency={currency} />
          <Tabs
            label={t('person.tabs')}
            tabs={PROFILE_TABS.map((key) => ({ key, title: t(`person.tab_${key}`) }))}
            chosen={tab}
            onChoose={(next) => void navigate({ search: (old) => ({ ...old, tab: next }), replace: true, resetScroll: false })}
          >
            {tab === 'summary' && (
              <div className="zk-columns-main">
                <div className="zk-stack">
                  <Value months={sheet.value_by_month} currency={currency} view={view} onView={(next) => void navigate({ search: (old) => ({ ...old, view: next }) })} />
                  <Orders profileId={profileId} currency={currency} n={sheet.totals.n_orders} />
                </div>
                <div className="zk-stack">
                  <Place rfm={sheet.rfm} currency={currency} />
                  <Suspense>
                    <InsightCard profileId={profileId} />
                    <WantedCard profileId={profileId} />
                    <MomentsCard profileId={profileId} />
                  </Suspense>
                  <Identities identities={sheet.identities} edges={sheet.edges} />
                  <Corrections
                    profileId={profileId}
                    corrections={sheet.corrections}
                    request={correct}
                    onDone={() => void navigate({ search: (old) => ({ ...old, correct: undefined }), replace: true, resetScroll: false })}
                  />
                  <Facts sheet={sheet} />
                </div>
              </div>
            )}
            <Suspense fallback={<Skeleton rows={8} height={26} />}>
              {tab === 'timeline' && <Timeline profileId={profileId} currency={currency} />}
              {tab === 'orders' && <Orders profileId={profileId} currency={currency} n={sheet.totals.n_orders} />}
              {tab === 'tags' && <PersonTags profileId={profileId} />}
              {tab === 'segments' && <PersonSegments profileId={profileId} />}
              {tab === 'history' && <PersonHistory profileId={profileId} />}
              {tab === 'identities' && (
                <div className="zk-stack">
                  <Identities identities={sheet.identities} edges={sheet.edges} />
                  <WhoIsWho key={profileId} profileId={profileId} identities={sheet.identities} />
                </div>
              )}
              {tab === 'feedback' && <Feedback profileId={profileId} currency={currency} />}
              {tab === 'consents' && <PersonConsents key={profileId} profileId={profileId} />}
              {tab === 'acts' && <Acts key={profileId} profileId={profileId} />}
            </Suspense>
          </Tabs>
        </>
      )}
    </Page>
  )
}

function Head({ sheet: { profile, rfm }, name }: { sheet: ProfileSheet; name: string }) {
  const { t } = useTranslation()
  const format = useFormat()
  const facts: ReactNode[] = [
    profile.kind === 'company' ? t('profile.company') : undefined,
    profile.gender === 'male' ? t('profile.male') : profile.gender === 'female' ? t('profile.female') : undefined,
    profile.birth_year ? t('profile.born', { year: profile.birth_year }) : undefined,
    regionOf(profile) === '--' ? undefined : regionOf(profile),
    profile.member_level,
    profile.first_seen_at ? t('profile.first_seen', { day: format.instantDay(profile.first_seen_at) }) : undefined,
    profile.last_seen_at ? t('profile.last_seen', { day: format.instantDay(profile.last_seen_at) }) : undefined,
  ].filter(Boolean)
  return (
    <>
      <div className="zk-person-head">
        <h1 className="zk-page-title">{name}</h1>
        {rfm && <TierTag tier={rfm.tier} />}
        <span className="zk-masked">{t('profile.masked')}</span>
      </div>
      <ul className="zk-dotted">
        {facts.map((fact, index) => (
          <li key={index}>{fact}</li>
        ))}
      </ul>
    </>
  )
}

function Totals({ sheet: { totals, rfm }, currency }: { sheet: ProfileSheet; currency: string }) {
  const { t } = useTranslation()
  const format = useFormat(currency)
  const figures = [
    { key: 'net', label: t('profile.net'), value: format.moneyShort(totals.net_amount), exact: format.money(totals.net_amount), note: t('profile.since_first', { day: format.instantDay(totals.first_ordered_at) }) },
    { key: 'orders', label: t('profile.orders'), value: format.count(totals.n_orders), exact: t('profile.orders_hint'), note: rfm && t('profile.valid_orders', { n: format.count(rfm.frequency) }) },
    { key: 'average', label: t('profile.average'), value: format.moneyShort(totals.average_order), exact: format.money(totals.average_order) },
    { key: 'refunded', label: t('profile.refunded'), value: format.moneyShort(totals.refunded_amount), exact: format.money(totals.refunded_amount) },
    { key: 'last', label: t('profile.last_order'), value: format.instantDay(totals.last_ordered_at), exact: format.instant(totals.last_ordered_at) },
  ]
  return (
    <dl className="zk-card zk-figure-row">
      {figures.map((figure) => (
        <div key={figure.key}>
          <dt>{figure.label}</dt>
          <dd title={figure.exact}>{figure.value}</dd>
          {figure.note && totals.first_ordered_at && <dd className="zk-figure-note">{figure.note}</dd>}
        </div>
      ))}
    </dl>
  )
}

function Value({ months, currency, view, onView }: { months: readonly MonthValue[]; currency: string; view: View; onView: (view: View) => void }) {
  const { t } = useTranslation()
  const format = useFormat(currency)
  const drawn = useMemo(() => {
    const labels = months.map((month) => month.month)
    const tip = (index: number) => {
      const month = months[index]
      if (!month) return ''
      return [
        format.month(month.month),
        `${t('profile.cumulative', { unit: format.moneyUnit })}  ${format.amount(month.cumulative)}`,
        `${t('profile.net_month', { unit: format.moneyUnit })}  ${format.amount(month.net_amount)}`,
        `${t('profile.orders_month')}  ${format.count(month.n_orders)}`,
      ].join('\n')
    }
    const option = (palette: Palette) => ({
      ...baseOption(palette, labels, { name: t('profile.cumulative', { unit: format.moneyUnit }), write: format.countShort }, tip),
      series: [
        {
          type: 'line',
          data: months.map((month) => Number(month.cumulative)),
          showSymbol: months.length < 3,
          lineStyle: { color: palette['series-1'], width: 2.2 },
          itemStyle: { color: palette['series-1'] },
          areaStyle: { color: palette['series-1'], opacity: 0.08 },
          emphasis: { disabled: true },
        },
      ],
    })
    return { labels, tip, option }
  }, [months, format, t])
  const description = describeLine(t, {
    name: t('profile.value'),
    labels: months.map((month) => format.month(month.month)),
    values: months.map((month) => Number(month.cumulative)),
    write: format.money,
  })
  return (
    <Card title={t('profile.value')} hint={t('profile.value_hint')} extra={months.length > 0 && <ViewSwitch view={view} onChange={onView} />}>
      {months.length === 0 ? (
        <Notice title={t('profile.no_value')} />
      ) : (
        <ChartOrTable
          view={view}
          title={t('profile.value')}
          description={description}
          option={drawn.option}
          n={months.length}
          read={(index) => drawn.tip(index).replaceAll('\n', '，')}
          height={230}
          table={
            <DataTable
              caption={t('profile.value')}
              rows={months}
              rowKey={(month) => month.month}
              keepsColumns
              maxHeight={270}
              columns={[
                { key: 'month', title: t('profile.month'), isHead: true, cell: (month) => month.month },
                { key: 'net', title: t('profile.net_month', { unit: format.moneyUnit }), align: 'right', cell: (month) => format.amount(month.net_amount) },
                { key: 'sum', title: t('profile.cumulative', { unit: format.moneyUnit }), align: 'right', cell: (month) => format.amount(month.cumulative) },
                { key: 'orders', title: t('profile.orders_month'), align: 'right', cell: (month) => format.count(month.n_orders) },
              ]}
            />
          }
        />
      )}
    </Card>
  )
}

/** Everything stated about the person, then the further columns of the files it came from. */
function Facts({ sheet: { profile } }: { sheet: ProfileSheet }) {
  const { t } = useTranslation()
  const format = useFormat()
  // With the fields whose origin can be told; phones and the like are identities.
  const known: [string, string | null | undefined, string[]?][] = [
    [t('profile.name'), profile.name, ['name']],
    [t('profile.phone'), profile.phone],
    [t('profile.email'), profile.email],
    [t('profile.id_number'), profile.id_number],
    [t('profile.birthday'), profile.birthday, ['birthday']],
    [t('profile.address'), profile.address, ['address']],
    [t('profile.region'), [profile.country, regionOf(profile) === '--' ? '' : regionOf(profile)].filter(Boolean).join(' '), ['country', 'province', 'city']],
    [t('profile.member_level'), profile.member_level, ['member_level']],
    [t('profile.registered'), profile.registered_on ? format.day(profile.registered_on) : undefined, ['registered_on']],
    [t('profile.channel'), profile.acquisition_channel, ['acquisition_channel']],
    [t('profile.id'), profile.profile_id],
  ]
  const traits = Object.entries(profile.traits ?? {})
  return (
    <Card title={t('profile.traits')}>
      <dl className="zk-facts">
        {known.flatMap(([label, value, fields]) => (value ? [<Fact key={label} label={label} value={value} profileId={profile.profile_id} fields={fields} />] : []))}
        {traits.map(([name, value]) => (
          <Fact key={`trait:${name}`} label={name} value={typeof value === 'string' ? value : JSON.stringify(value)} profileId={profile.profile_id} fields={[`traits.${name}`, name]} />
        ))}
      </dl>
    </Card>
  )
}

function Fact({ label, value, profileId, fields }: { label: string; value: string; profileId: string; fields: readonly string[] | undefined }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>
        {value}{' '}
        {fields && (
          <Suspense fallback={null}>
            <Origin profileId={profileId} fields={fields} title={label} />
          </Suspense>
        )}
      </dd>
    </div>
  )
}
