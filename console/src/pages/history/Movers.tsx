// The customers of one move, a page at a time; one of them beside the list.
import { useInfiniteQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { moversQuery, type Compared } from '../../api/history'
import type { ProfileItem } from '../../api/types'
import { Card } from '../../ui/Card'
import { ErrorNotice, Notice, Skeleton } from '../../ui/states'
import { More } from '../../ui/More'
import { useBeside } from '../../ui/beside'
import { PeopleTable, usePeopleColumns } from '../customers/people'
import { PersonDrawer } from '../customers/PersonDrawer'
import { useNames } from './MigrationPage'
import type { Flow } from './sankey'

const route = getRouteApi('/insight/migration')

export function Movers({ compared, flow }: { compared: Compared; flow: Flow | undefined }) {
  const { t } = useTranslation()
  const nameOf = useNames(compared.what)
  if (!flow) return <p className="zk-muted">{t('history.choose')}</p>
  const title = t('history.who', { before: nameOf(flow.before, 'before'), after: nameOf(flow.after, 'after') })
  return <List key={title} title={title} compared={compared} flow={flow} />
}

function List({ title, compared, flow }: { title: string; compared: Compared; flow: Flow }) {
  const { t } = useTranslation()
  const { person } = route.useSearch()
  const navigate = route.useNavigate()
  const columns = usePeopleColumns()
  const query = useInfiniteQuery(moversQuery(compared, flow.before, flow.after))
  const people = query.data?.pages.flatMap((page) => page.items) ?? []

  // Going on from person to person is no step.
  const show = (next: string | undefined, replace: boolean) => void navigate({ search: (old) => ({ ...old, person: next }), replace, resetScroll: false })
  const { opened, close } = useBeside(() => show(undefined, true))
  const peek = (next: ProfileItem) => {
    opened()
    show(next.profile_id, false)
  }
  return (
    <Card title={title} hint={t('history.who_hint')} extra={columns.chooser}>
      {query.isPending && <Skeleton rows={6} height={26} />}
      {query.isError && <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />}
      {query.data && people.length === 0 && <Notice title={t('history.nobody')} />}
      {people.length > 0 && <PeopleTable caption={title} people={people} columns={columns.shown} peeked={person} onPeek={peek} />}
      <More query={query} />
      {person && <PersonDrawer profileId={person} people={people} onMove={(next) => show(next, true)} onClose={close} />}
    </Card>
  )
}
