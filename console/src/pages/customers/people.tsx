// Customers as rows, wherever they are listed.
import { EyeOutlined } from '@ant-design/icons'
import { Link } from '@tanstack/react-router'
import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import type { TFunction } from 'i18next'
import { useTranslation } from 'react-i18next'
import { columnsQuery } from '../../api/customers'
import type { ProfileColumn, ProfileItem } from '../../api/types'
import { useMay } from '../../app/session'
import { TIER_COLOUR } from '../../app/theme'
import { useSettings } from '../../app/settings'
import { useFormat } from '../../app/workspace'
import type { Format } from '../../format'
import { useColumns, type ChoosableColumn } from '../../ui/columns'
import { DataTable } from '../../ui/DataTable'
import { word, type Tier } from '../../words'

/** The columns of customers that are shown, and the control that chooses them; one choice for all lists of customers. */
export function usePeopleColumns() {
  const { t } = useTranslation()
  const format = useFormat()
  const columns = useMemo(() => columnsOf(t, format), [t, format])
  return useColumns('customers', columns)
}

/** The same with a column for every tag; `asked` are those shown whose values a list must be asked for. */
export function useTaggedColumns() {
  const { t } = useTranslation()
  const { lang } = useSettings()
  const format = useFormat()
  const known = useQuery({ ...columnsQuery, enabled: useMay('profiles.list') }).data?.items
  const columns = useMemo(() => {
    const tags = known?.filter((column) => column.key.startsWith('tags.')) ?? []
    return [...columnsOf(t, format), ...tags.map((column) => tagColumn(column, lang === 'zh' ? column.label_zh : column.label, format))]
  }, [t, format, lang, known])
  const { shown, chooser, choice, choose } = useColumns('customers', columns)
  return { shown, chooser, choice, choose, asked: shown.map((column) => column.key).filter((key) => key.startsWith('tags.')) }
}

function tagColumn({ key, kind }: ProfileColumn, title: string, format: Format): ChoosableColumn<ProfileItem> {
  const isNumber = kind === 'number'
  const cell = ({ more }: ProfileItem) => {
    const value = (more as Record<string, unknown>)[key]
    if (typeof value === 'number') return format.quantity(value)
    return typeof value === 'string' && value !== '' ? value : '--'
  }
  return { key, title, isExtra: true, cell, ...(isNumber ? { align: 'right' as const } : {}) }
}

function columnsOf(t: TFunction, format: Format): ChoosableColumn<ProfileItem>[] {
  return [
    {
      key: 'customer',
      title: t('customers.customer'),
      isHead: true,
      isFixed: true,
      cell: (person) => (
        <Link to="/customers/$profileId" params={{ profileId: person.profile_id }} className="zk-person">
          {nameOf(t, person)}
          {!person.name && !person.identity && <small>{person.profile_id}</small>}
        </Link>
      ),
    },
    { key: 'id', title: t('profile.id'), isExtra: true, cell: (person) => <small className="zk-figures">{person.profile_id}</small> },
    { key: 'phone', title: t('customers.phone'), phone: 'plain', cell: (person) => (person.phone ? <span className="zk-figures">{person.phone}</span> : '--') },
    { key: 'region', title: t('customers.region'), phone: 'plain', cell: (person) => (person.province || person.city ? <span className="zk-words">{regionOf(person)}</span> : '--') },
    { key: 'level', title: t('customers.member_level'), isExtra: true, cell: (person) => person.member_level ?? '--' },
    { key: 'registered_on', title: t('customers.registered'), isExtra: true, align: 'right', cell: (person) => (person.registered_on ? format.day(person.registered_on) : '--') },
    { key: 'tier', title: t('customers.filter_tier'), phone: 'plain', cell: (person) => (person.tier ? <TierTag tier={person.tier} /> : '--') },
    { key: 'segment', title: t('customers.filter_segment'), phone: 'plain', cell: (person) => word(t, 'segment', person.rfm_segment) },
    { key: 'rfm', title: t('customers.rfm'), phone: 'plain', cell: (person) => (person.r_score == null ? '--' : <Scores person={person} />) },
    { key: 'monetary', title: t('customers.monetary', { unit: format.moneyUnit }), align: 'right', cell: (person) => format.amount(person.monetary) },
    { key: 'frequency', title: t('customers.frequency'), align: 'right', cell: (person) => format.count(person.frequency) },
    { key: 'first_ordered_at', title: t('customers.first_order'), isExtra: true, align: 'right', cell: (person) => format.instantDay(person.first_ordered_at) },
    { key: 'last', title: t('customers.last_order'), align: 'right', cell: (person) => format.instantDay(person.last_ordered_at) },
    { key: 'last_seen_at', title: t('customers.last_seen'), isExtra: true, align: 'right', cell: (person) => format.instantDay(person.last_seen_at) },
  ]
}

type Props = {
  caption: string
  people: readonly ProfileItem[]
  columns: readonly ChoosableColumn<ProfileItem>[]
  peeked: string | undefined
  onPeek: (person: ProfileItem) => void
}

export function PeopleTable({ caption, people, columns, peeked, onPeek }: Props) {
  const { t } = useTranslation()
  const peek: ChoosableColumn<ProfileItem> = {
    key: 'peek',
    title: <span className="zk-hidden">{t('customers.peek')}</span>,
    align: 'right',
    width: 48,
    cell: (person) => (
      <button
        type="button"
        className="zk-icon-button zk-peek"
        aria-label={t('customers.peek_at', { name: nameOf(t, person) })}
        title={t('customers.peek')}
        onClick={() => onPeek(person)}
      >
        <EyeOutlined aria-hidden="true" />
      </button>
    ),
  }
  return (
    <DataTable caption={caption} rows={people} rowKey={(person) => person.profile_id} columns={[...columns, peek]} hasRowKeys onPeek={onPeek} peeked={peeked} />
  )
}

/** The name of a customer, or the identity that stands for it. */
export function nameOf(t: TFunction, { name, identity }: Pick<ProfileItem, 'name' | 'identity'>): string {
  return name ?? (identity ? `${word(t, 'identity', identity.kind)} ${identity.value}` : t('customers.unnamed'))
}

/** Province and city, without saying a municipality twice. */
export function regionOf({ province, city }: { province?: string | null | undefined; city?: string | null | undefined }): string {
  if (!province && !city) return '--'
  if (!province || !city) return province ?? city ?? '--'
  return city.startsWith(province) ? city : `${province} ${city}`
}

export function TierTag({ tier }: { tier: string | null | undefined }) {
  const { t } = useTranslation()
  if (!tier) return <>--</>
  return (
    <span className="zk-tag">
      <span className="zk-dot" style={{ background: `var(--zk-${TIER_COLOUR[tier as Tier] ?? 'series-6'})` }} />
      {word(t, 'tier', tier)}
    </span>
  )
}

export function Scores({ person: { r_score: r, f_score: f, m_score: m } }: { person: Pick<ProfileItem, 'r_score' | 'f_score' | 'm_score'> }) {
  const { t } = useTranslation()
  if (r == null || f == null || m == null) return <>--</>
  return (
    <span className="zk-scores" title={t('customers.rfm_full', { r, f, m })}>
      {[r, f, m].map((score, index) => (
        <span key={index} className={`zk-score zk-score-${score}`}>
          {score}
        </span>
      ))}
    </span>
  )
}
