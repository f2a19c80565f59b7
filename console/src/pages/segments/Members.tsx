// Who is in a segment, a page at a time; one of them beside the list, with the conditions that let them in.
import { useInfiniteQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { membersQuery } from '../../api/segments'
import type { ProfileItem, Segment } from '../../api/types'
import { useFormat } from '../../app/workspace'
import { Card } from '../../ui/Card'
import type { ChoosableColumn } from '../../ui/columns'
import { ErrorNotice, Notice, Skeleton } from '../../ui/states'
import { More } from '../../ui/More'
import { useBeside } from '../../ui/beside'
import { PeopleTable, usePeopleColumns } from '../customers/people'
import { PersonDrawer } from '../customers/PersonDrawer'
import { Why } from './Why'

const route = getRouteApi('/customers/segments/$segmentId')

export function Members({ segment }: { segment: Segment }) {
  const { t } = useTranslation()
  const format = useFormat()
  const { person } = route.useSearch()
  const navigate = route.useNavigate()
  const columns = usePeopleColumns()
  const query = useInfiniteQuery(membersQuery(segment.segment_id))
  const members = query.data?.pages.flatMap((page) => page.items) ?? []
  const people = members.map((member) => member.customer)
  const since = new Map(members.map((member) => [member.customer.profile_id, member.since]))
  const joined: ChoosableColumn<ProfileItem> = { key: 'since', title: t('segments.since'), align: 'right', cell: (each) => format.instantDay(since.get(each.profile_id)) }

  // Going on from person to person is no step.
  const show = (next: string | undefined, replace: boolean) => void navigate({ search: (old) => ({ ...old, person: next }), replace, resetScroll: false })
  const { opened, close } = useBeside(() => show(undefined, true))
  const peek = (next: ProfileItem) => {
    opened()
    show(next.profile_id, false)
  }
  return (
    <Card title={t('segments.members')} hint={t('segments.members_hint')} extra={columns.chooser}>
      {query.isPending && <Skeleton rows={8} height={26} />}
      {query.isError && <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />}
      {query.data && people.length === 0 && <Notice title={t('segments.no_members')} help={t('segments.no_members_help')} />}
      {people.length > 0 && (
        <>
          <PeopleTable caption={t('segments.members')} people={people} columns={[...columns.shown, joined]} peeked={person} onPeek={peek} />
          <p className="zk-keys-hint">{t('customers.keys')}</p>
        </>
      )}
      <More query={query} />
      {person && (
        <PersonDrawer profileId={person} people={people} onMove={(next) => show(next, true)} onClose={close}>
          {segment.kind === 'rule' && <Why segmentId={segment.segment_id} profileId={person} />}
        </PersonDrawer>
      )}
    </Card>
  )
}
