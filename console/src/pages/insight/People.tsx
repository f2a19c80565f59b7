// The people behind a number of an answer, beside the page: as many as it says, and kept as a segment.
import { useInfiniteQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { analysisPeopleQuery, keepPeople, type Analysis, type PartJson, type peoplePages, type Question } from '../../api/analysis'
import type { Segment } from '../../api/types'
import { useMay } from '../../app/session'
import { useFormat } from '../../app/workspace'
import { More } from '../../ui/More'
import { Sheet } from '../../ui/Sheet'
import { ErrorNotice, Notice, Skeleton } from '../../ui/states'
import { word } from '../../words'
import { nameOf, regionOf, TierTag } from '../customers/people'
import '../customers/person.css'
import { Keep } from './Keep'

type Props = { kind: Analysis; spec: Question; part: PartJson; title: string; onClose: () => void }

export default function People({ kind, spec, part, title, onClose }: Props) {
  return <PeopleSheet pages={analysisPeopleQuery(kind, spec, part)} keep={(name) => keepPeople(kind, spec, part, name)} title={title} onClose={onClose} />
}

type SheetProps = { pages: ReturnType<typeof peoplePages>; keep: (name: string) => Promise<Segment>; title: string; onClose: () => void }

/** People behind whatever number, page by page, and a form to keep them as a segment. */
export function PeopleSheet({ pages, keep, title, onClose }: SheetProps) {
  const { t } = useTranslation()
  const format = useFormat()
  const mayList = useMay('profiles.list')
  const mayKeep = useMay('segments.write')
  const query = useInfiniteQuery({ ...pages, enabled: mayList })
  const people = query.data?.pages.flatMap((page) => page.items) ?? []
  const [first] = query.data?.pages ?? []
  return (
    <Sheet title={title} closeLabel={t('behind.close')} onClose={onClose} className="zk-behind" isBusy={query.isLoading} foot={mayKeep && first && first.total !== 0 && <Keep keep={keep} title={title} />}>
      {!mayList && <Notice title={t('insight.no_list')} help={t('insight.no_list_help')} />}
      {query.isLoading && <Skeleton rows={8} height={36} />}
      {query.isError && <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />}
      {first && (
        <p className="zk-muted" role="status">
          {t('insight.people_total', { n: format.people(first.total) })}
        </p>
      )}
      {first?.total === 0 && <Notice title={t('behind.nobody')} help={t('behind.nobody_help')} />}
      <ul className="zk-behind-list">
        {people.map((person) => (
          <li key={person.profile_id}>
            <Link to="/customers/$profileId" params={{ profileId: person.profile_id }} className="zk-person">
              {nameOf(t, person)}
            </Link>
            <span className="zk-muted">{[regionOf(person), word(t, 'segment', person.rfm_segment)].filter((each) => each !== '--').join(' · ')}</span>
            {person.tier && <TierTag tier={person.tier} />}
            <span className="zk-figures zk-right">{person.monetary == null ? '' : format.money(person.monetary)}</span>
          </li>
        ))}
      </ul>
      <More query={query} />
    </Sheet>
  )
}
