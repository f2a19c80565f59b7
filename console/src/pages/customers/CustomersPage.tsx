// 客户列表: who am I looking for?
import { useMutation, type UseMutationResult } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { Button, Input, Select } from 'antd'
import { useId, useState, type SyntheticEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { searchProfiles } from '../../api/queries'
import type { ProfileItem } from '../../api/types'
import { ContextBar } from '../../app/ContextBar'
import { May } from '../../app/session'
import { Card } from '../../ui/Card'
import { Page } from '../../ui/Page'
import { ErrorNotice, Notice } from '../../ui/states'
import { useBeside } from '../../ui/beside'
import { AllPeople, useListed } from './AllPeople'
import { PeopleTable, useTaggedColumns } from './people'
import { PersonDrawer } from './PersonDrawer'

const route = getRouteApi('/customers')
const KINDS = ['phone', 'member_id', 'email', 'card_no', 'external_id'] as const

type Sought = { value: string; kind: string | undefined }
type Found = Awaited<ReturnType<typeof searchProfiles>>
export type Listing = { columns: ReturnType<typeof useTaggedColumns>; peeked: string | undefined; onPeek: (person: ProfileItem) => void }

export default function CustomersPage() {
  const { t } = useTranslation()
  const navigate = route.useNavigate()
  const { person } = route.useSearch()
  const columns = useTaggedColumns()
  const listed = useListed(columns.asked)
  const people = listed.query.data?.items ?? []
  const search = useMutation({ mutationFn: ({ value, kind }: Sought) => searchProfiles(value, kind) })
  const found = search.data?.items ?? []

  // Going on from person to person is no step.
  const show = (next: string | undefined, replace: boolean) => void navigate({ search: (old) => ({ ...old, person: next }), replace, resetScroll: false })
  const { opened, close } = useBeside(() => show(undefined, true))
  const peek = (next: ProfileItem) => {
    opened()
    show(next.profile_id, false)
  }
  const listing: Listing = { columns, peeked: person, onPeek: peek }
  return (
    <Page title={t('customers.title')} question={t('customers.question')}>
      <ContextBar />
      <Finder search={search} {...listing} />
      <May to="profiles.list">
        <AllPeople listed={listed} {...listing} />
      </May>
      {person && (
        <PersonDrawer
          profileId={person}
          people={[found, people].find((some) => some.some((each) => each.profile_id === person)) ?? []}
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
