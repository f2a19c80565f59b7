// The list of customers: filters and conditions, an order, pages, and what can be made of it: a segment, a file, a view.
import { PlusOutlined } from '@ant-design/icons'
import { useMutation, useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { Button, Select } from 'antd'
import { lazy, Suspense, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { customersQuery, keepView, viewQuery } from '../../api/customers'
import type { RuleJson } from '../../api/segments'
import type { View } from '../../api/types'
import { NoData } from '../../app/NoData'
import type { CustomersSearch } from '../../app/search'
import { May, useMay } from '../../app/session'
import { useSettings } from '../../app/settings'
import { useFormat, useWorkspace } from '../../app/workspace'
import { Card } from '../../ui/Card'
import { choiceIn, type ChoosableColumn } from '../../ui/columns'
import { Pager } from '../../ui/Pager'
import { ErrorNotice, Notice, Skeleton } from '../../ui/states'
import { SEGMENTS, TIERS, type Segment, type Tier } from '../../words'
import { sentenceOf } from '../segments/words'
import { Chips } from './Chips'
import type { Listing } from './CustomersPage'
import { PeopleTable } from './people'
import { fitsAddress, isFiltered, placeOf, whomOf, type Sort } from './spec'

const route = getRouteApi('/customers')
const Conditions = lazy(() => import('./Conditions'))
const Views = lazy(() => import('./Views'))
const SaveSegment = lazy(() => import('./SaveSegment'))
const ExportSheet = lazy(() => import('./ExportSheet'))

/** Columns of the table that the list can be sorted by. */
const SORTED: Partial<Record<string, Sort>> = {
  monetary: 'monetary',
  frequency: 'frequency',
  last: 'last_ordered_at',
  first_ordered_at: 'first_ordered_at',
  last_seen_at: 'last_seen_at',
  registered_on: 'registered_on',
}

/** The rule that a kept view holds. */
const ruleIn = (state: unknown) => (state as { rule?: RuleJson } | undefined)?.rule

/** The page of the list that the address names. */
export function useListed(columns: readonly string[]) {
  const search = route.useSearch()
  const kept = useQuery({ ...viewQuery(search.spec ?? ''), enabled: search.spec !== undefined })
  const rule = search.rule ?? (search.spec ? ruleIn(kept.data?.state) : undefined)
  const whom = whomOf(search, rule)
  const may = useMay('profiles.list')
  const isReady = may && (search.spec === undefined || !kept.isPending)
  const query = useQuery(customersQuery({ ...whom, ...(columns.length > 0 ? { columns: [...columns] } : {}), ...(search.after ? { after: search.after } : {}) }, isReady))
  return { query, whom, rule, isGone: kept.isError }
}

type Props = Listing & { listed: ReturnType<typeof useListed> }
type Open = 'conditions' | 'segment' | 'export' | 'views'

export function AllPeople({ columns, peeked, onPeek, listed: { query, whom, rule, isGone } }: Props) {
  const { t } = useTranslation()
  const { lang } = useSettings()
  const format = useFormat()
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const workspace = useWorkspace()
  const [open, setOpen] = useState<Open>()
  const { page = 1 } = search
  const spec: CustomersSearch = { ...search, after: undefined, page: undefined, person: undefined }
  const { data } = query
  const set = (next: CustomersSearch) => void navigate({ search: next })
  const close = () => setOpen(undefined)

  // A rule that is too long for an address is kept by the server, and the address names it.
  const keep = useMutation({ mutationFn: (long: RuleJson) => keepView(undefined, { rule: long }) })
  const setRule = (next: RuleJson | undefined) => {
    close()
    if (next === undefined || fitsAddress(next)) set({ ...spec, rule: next, spec: undefined })
    else keep.mutate(next, { onSuccess: (view) => set({ ...spec, rule: undefined, spec: view.view_id }) })
  }
  const openView = (view: View) => {
    const { columns: chosen } = view.state as { columns?: unknown }
    close()
    // Views that were kept before columns were part of them leave the columns as they are.
    if (chosen !== undefined) columns.choose(choiceIn(chosen))
    set(placeOf(view))
  }

  const by = search.sort ?? 'monetary'
  const title = (sort: Sort) => {
    const column = columns.shown.find((each) => SORTED[each.key] === sort)
    return typeof column?.title === 'string' ? column.title : t('customers.last_order')
  }
  const sorted = columns.shown.map((column): ChoosableColumn<(typeof column extends ChoosableColumn<infer Row> ? Row : never)> => {
    const sort = SORTED[column.key]
    if (!sort) return column
    const isOn = sort === by
    const label = t('customers.sort_by', { column: typeof column.title === 'string' ? column.title : '' })
    // A second press turns the order round; "monetary, highest first" is what an address without an order says.
    const onSort = () => set({ ...spec, sort: sort === 'monetary' ? undefined : sort, asc: isOn && !search.asc ? true : undefined })
    return { ...column, sort: { is: !isOn ? 'none' : search.asc ? 'ascending' : 'descending', label, onSort } }
  })
  const sentence = data ? sentenceOf(data, lang) : ''
  return (
    <Card
      title={t('customers.list')}
      hint={columns.shown.some((each) => SORTED[each.key] === by) ? t(search.asc ? 'customers.sorted_asc' : 'customers.sorted_desc', { column: title(by) }) : undefined}
      isStale={query.isPlaceholderData}
      extra={
        <>
          <Select<Tier | 'all'>
            aria-label={t('customers.filter_tier')}
            className="zk-filter"
            popupMatchSelectWidth={false}
            value={search.tier ?? 'all'}
            onChange={(tier) => set({ ...spec, tier: tier === 'all' ? undefined : tier })}
            options={[{ value: 'all', label: `${t('customers.filter_tier')}: ${t('table.all')}` }, ...TIERS.map((value) => ({ value, label: t(`tier.${value}`) }))]}
          />
          <Select<Segment | 'all'>
            aria-label={t('customers.filter_segment')}
            className="zk-filter"
            popupMatchSelectWidth={false}
            value={search.rfm_segment ?? 'all'}
            onChange={(segment) => set({ ...spec, rfm_segment: segment === 'all' ? undefined : segment })}
            options={[
              { value: 'all', label: `${t('customers.filter_segment')}: ${t('table.all')}` },
              ...SEGMENTS.map((value) => ({ value, label: t(`segment.${value}`) })),
            ]}
          />
          <Button icon={<PlusOutlined aria-hidden="true" />} aria-expanded={open === 'conditions'} onClick={() => setOpen(open === 'conditions' ? undefined : 'conditions')}>
            {rule ? t('customers.edit_conditions') : t('customers.add_condition')}
          </Button>
          <May to="views.use">
            <Button onClick={() => setOpen('views')}>{t('customers.views')}</Button>
          </May>
          {columns.chooser}
        </>
      }
    >
      {open === 'conditions' && (
        <Suspense fallback={<Skeleton rows={3} height={32} />}>
          <Conditions key={JSON.stringify(rule)} start={rule} onApply={setRule} onCancel={close} />
        </Suspense>
      )}
      {isGone && <p className="zk-hint-bar">{t('customers.view_gone')}</p>}
      {keep.error && <ErrorNotice error={keep.error} />}
      <Chips search={spec} rule={rule} onChange={set} onRule={setRule} onClear={() => set({ sort: spec.sort, asc: spec.asc })} />
      {query.isPending && <Skeleton rows={12} height={26} />}
      {query.isError && <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />}
      {data && data.total !== 0 && (
        <div className="zk-list-bar">
          <p role="status">{t('customers.counted', { n: format.people(data.total), total: format.people(data.n_customers), day: format.day(data.as_of) })}</p>
          <May to="segments.write">
            <Button size="small" onClick={() => setOpen('segment')}>
              {t('customers.save_segment')}
            </Button>
          </May>
          <May to="exports.make">
            <Button size="small" onClick={() => setOpen('export')}>
              {t('customers.export')}
            </Button>
          </May>
        </div>
      )}
      {data && data.items.length > 0 && (
        <>
          <PeopleTable caption={t('customers.list')} people={data.items} columns={sorted} peeked={peeked} onPeek={onPeek} />
          <p className="zk-keys-hint">{t('customers.keys')}</p>
          <Pager page={page} hasNext={data.next != null} onNext={() => set({ ...spec, after: data.next ?? undefined, page: page + 1 })} onFirst={() => set(spec)} />
        </>
      )}
      {data?.items.length === 0 &&
        (isFiltered(spec) && (workspace.data?.n_profiles ?? 0) > 0 ? (
          <Notice title={t('state.none_match')} help={t('state.none_match_help', { filters: sentence })} action={<Button onClick={() => set({})}>{t('state.clear_filters')}</Button>} />
        ) : (
          <NoData />
        ))}
      <Suspense>
        {open === 'segment' && data && <SaveSegment rule={data.rule} sentence={sentence} onClose={close} />}
        {open === 'export' && data && <ExportSheet whom={whom} sentence={sentence} total={data.total} onClose={close} />}
        {open === 'views' && <Views state={JSON.parse(JSON.stringify({ ...spec, spec: undefined, rule, columns: columns.choice })) as Record<string, unknown>} onOpen={openView} onClose={close} />}
      </Suspense>
    </Card>
  )
}
