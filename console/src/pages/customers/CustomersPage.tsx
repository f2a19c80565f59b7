// 客户档案: who am I looking for?
import { useMutation, useQuery, type UseMutationResult } from '@tanstack/react-query'
import { getRouteApi, Link, useRouter } from '@tanstack/react-router'
import { Button, Input, Select } from 'antd'
import { useId, useRef, useState, type SyntheticEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { profilesQuery, searchProfiles } from '../../api/queries'
import type { ProfileItem } from '../../api/types'
import { ContextBar } from '../../app/ContextBar'
import type { CustomersSearch } from '../../app/router'
import { useFormat, useWorkspace } from '../../app/workspace'
import { Card } from '../../ui/Card'
import { Page } from '../../ui/Page'
import { Pager } from '../../ui/Pager'
import { ErrorNotice, Notice, Skeleton } from '../../ui/states'
import { SEGMENTS, TIERS, type Segment, type Tier } from '../../words'
import { PeopleTable, usePeopleColumns } from './people'
import { PersonDrawer } from './PersonDrawer'

const route = getRouteApi('/customers')
const KINDS = ['phone', 'member_id', 'email', 'card_no', 'external_id'] as const

type Sought = { value: string; kind: string | undefined }
type Found = Awaited<ReturnType<typeof searchProfiles>>
type Listing = { columns: ReturnType<typeof usePeopleColumns>; peeked: string | undefined; onPeek: (person: ProfileItem) => void }

export default function CustomersPage() {
  const { t } = useTranslation()
  const router = useRouter()
  const navigate = route.useNavigate()
  const { person, tier, rfm_segment, after } = route.useSearch()
  const columns = usePeopleColumns()
  const listed = useQuery(profilesQuery({ tier, rfm_segment, after })).data?.items ?? []
  const search = useMutation({ mutationFn: ({ value, kind }: Sought) => searchProfiles(value, kind) })
  const found = search.data?.items ?? []

  // Opening is a step that "back" undoes; going on from person to person is not, and closing undoes the opening.
  const wasOpenedHere = useRef(false)
  const show = (next: string | undefined, replace: boolean) => void navigate({ search: (old) => ({ ...old, person: next }), replace, resetScroll: false })
  const peek = (next: ProfileItem) => {
    wasOpenedHere.current = true
    show(next.profile_id, false)
  }
  const close = () => {
    if (wasOpenedHere.current) router.history.back()
    else show(undefined, true)
    wasOpenedHere.current = false
  }
  const listing: Listing = { columns, peeked: person, onPeek: peek }
  return (
    <Page title={t('customers.title')} question={t('customers.question')}>
      <ContextBar />
      <Finder search={search} {...listing} />
      <AllPeople {...listing} />
      {person && (
        <PersonDrawer
          profileId={person}
          people={[found, listed].find((people) => people.some((each) => each.profile_id === person)) ?? []}
          onMove={(next) => show(next, true)}
          onClose={close}
        />
      )}
    </Page>
  )
}

/** Exact search. What is typed goes into a request body and nowhere else. */
function Finder({ search, columns, peeked, onPeek }: Listing & { search: UseMutationResult<Found, Error, Sought> }) {
  const { t } = useTranslation()
  const id = useId()
  const [kind, setKind] = useState<string>('any')
  const [value, setValue] = useState('')
  const find = () => search.mutate({ value: value.trim(), kind: kind === 'any' ? undefined : kind })
  const submit = (event: SyntheticEvent) => {
    event.preventDefault()
    if (value.trim()) find()
  }
  const found = search.data?.items
  return (
    <Card title={t('customers.find')} hint={t('customers.value_private')}>
      <form className="zk-finder" onSubmit={submit} role="search" aria-label={t('customers.find')}>
        <Select
          aria-label={t('customers.kind')}
          value={kind}
          onChange={setKind}
          popupMatchSelectWidth={false}
          options={[{ value: 'any', label: t('customers.kind_any') }, ...KINDS.map((each) => ({ value: each, label: t(`identity.${each}`) }))]}
        />
        <label className="zk-hidden" htmlFor={id}>
          {t('customers.value')}
        </label>
        <Input
          id={id}
          className="zk-finder-value"
          value={value}
          autoComplete="off"
          spellCheck={false}
          placeholder={t('customers.value_placeholder')}
          onChange={(event) => setValue(event.target.value)}
        />
        <Button type="primary" htmlType="submit" loading={search.isPending}>
          {t('customers.search')}
        </Button>
        {(search.data ?? search.error) && (
          <Button
            onClick={() => {
              setValue('')
              search.reset()
            }}
          >
            {t('customers.clear')}
          </Button>
        )}
      </form>
      <div role="status">
        {found && found.length > 0 && <p className="zk-found">{t('customers.found', { count: found.length })}</p>}
        {found?.length === 0 && <Notice title={t('customers.nobody')} help={t('customers.nobody_help')} />}
      </div>
      {found && found.length > 0 && <PeopleTable caption={t('customers.find')} people={found} columns={columns.shown} peeked={peeked} onPeek={onPeek} />}
      {search.isError && <ErrorNotice error={search.error} onRetry={find} />}
    </Card>
  )
}

function AllPeople({ columns, peeked, onPeek }: Listing) {
  const { t } = useTranslation()
  const format = useFormat()
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const workspace = useWorkspace()
  const { page = 1, behind, from, to } = search
  const filter = { tier: search.tier, rfm_segment: search.rfm_segment }
  const query = useQuery(profilesQuery({ ...filter, after: search.after }))
  const { data } = query
  const set = (next: CustomersSearch) => void navigate({ search: next })
  const chosen = [search.tier && t(`tier.${search.tier}`), search.rfm_segment && t(`segment.${search.rfm_segment}`)].filter(Boolean)

  return (
    <Card
      title={t('customers.list')}
      hint={t('customers.sorted')}
      isStale={query.isPlaceholderData}
      extra={
        <>
          <Select<Tier | 'all'>
            aria-label={t('customers.filter_tier')}
            className="zk-filter"
            popupMatchSelectWidth={false}
            value={search.tier ?? 'all'}
            onChange={(tier) => set({ rfm_segment: search.rfm_segment, tier: tier === 'all' ? undefined : tier })}
            options={[{ value: 'all', label: `${t('customers.filter_tier')}: ${t('table.all')}` }, ...TIERS.map((value) => ({ value, label: t(`tier.${value}`) }))]}
          />
          <Select<Segment | 'all'>
            aria-label={t('customers.filter_segment')}
            className="zk-filter"
            popupMatchSelectWidth={false}
            value={search.rfm_segment ?? 'all'}
            onChange={(segment) => set({ tier: search.tier, rfm_segment: segment === 'all' ? undefined : segment })}
            options={[
              { value: 'all', label: `${t('customers.filter_segment')}: ${t('table.all')}` },
              ...SEGMENTS.map((value) => ({ value, label: t(`segment.${value}`) })),
            ]}
          />
          {columns.chooser}
        </>
      }
    >
      {behind && (
        <p className="zk-hint-bar" role="status">
          <span>
            {t('customers.behind', { figure: t(`kpi.${behind}`), range: format.dayRange(from, to) })}
          </span>
          <Button size="small" onClick={() => set(filter)}>
            {t('customers.behind_done')}
          </Button>
        </p>
      )}
      {query.isPending && <Skeleton rows={12} height={26} />}
      {query.isError && <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />}
      {data && data.items.length > 0 && (
        <>
          <PeopleTable caption={t('customers.list')} people={data.items} columns={columns.shown} peeked={peeked} onPeek={onPeek} />
          <p className="zk-keys-hint">{t('customers.keys')}</p>
          <Pager
            page={page}
            hasNext={data.next != null}
            onNext={() => set({ ...filter, after: data.next ?? undefined, page: page + 1 })}
            onFirst={() => set(filter)}
            total={<span>{t('table.total_people', { count: data.total, n: format.count(data.total) })}</span>}
          />
        </>
      )}
      {data?.items.length === 0 &&
        (chosen.length > 0 && (workspace.data?.n_profiles ?? 0) > 0 ? (
          <Notice
            title={t('state.none_match')}
            help={t('state.none_match_help', { filters: chosen.join(' · ') })}
            action={<Button onClick={() => set({})}>{t('state.clear_filters')}</Button>}
          />
        ) : (
          <Notice
            title={t('state.no_data')}
            help={t('state.no_data_help')}
            action={
              <Link className="zk-button" to="/data/imports/new">
                {t('state.to_import')}
              </Link>
            }
            detail={t('state.no_data_demo')}
          />
        ))}
    </Card>
  )
}
