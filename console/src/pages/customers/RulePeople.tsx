// The people behind a number, beside the page: those for whom a rule holds, as many as the number says, and the same rule
// as a segment.
import { useInfiniteQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { matchingQuery, type RuleJson } from '../../api/segments'
import { useMay } from '../../app/session'
import { useFormat } from '../../app/workspace'
import { Sheet } from '../../ui/Sheet'
import { ErrorNotice, Notice, Skeleton } from '../../ui/states'
import { More } from '../../ui/More'
import { word } from '../../words'
import { nameOf, regionOf, TierTag } from './people'
import './person.css'

type Props = {
  /** What the number counts; the name of a segment made of it. */
  title: string
  rule: RuleJson
  /** The day that the number is of; the newest when absent. */
  asOf?: string | undefined
  onClose: () => void
}

export function RulePeople({ title, rule, asOf, onClose }: Props) {
  const { t } = useTranslation()
  const format = useFormat()
  const mayKeep = useMay('segments.write')
  const query = useInfiniteQuery(matchingQuery(rule, asOf))
  const people = query.data?.pages.flatMap((page) => page.items) ?? []
  const [first] = query.data?.pages ?? []
  return (
    <Sheet
      title={title}
      closeLabel={t('behind.close')}
      onClose={onClose}
      className="zk-behind"
      isBusy={query.isPending}
      foot={
        mayKeep && (
          <Link to="/customers/segments/new" search={{ rule, name: title }} className="zk-button zk-button-primary">
            {t('behind.save')}
          </Link>
        )
      }
    >
      {query.isPending && <Skeleton rows={8} height={36} />}
      {query.isError && <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />}
      {first && (
        <p className="zk-muted" role="status">
          {t('behind.total', { count: first.total ?? 2, n: format.people(first.total), day: format.day(first.as_of) })}
        </p>
      )}
      {first?.total === 0 && <Notice title={t('behind.nobody')} help={t('behind.nobody_help')} />}
      <ul className="zk-behind-list">
        {people.map((person) => (
          <li key={person.profile_id}>
            <Link to="/customers/$profileId" params={{ profileId: person.profile_id }} className="zk-person">
              {nameOf(t, person)}
            </Link>
            <span className="zk-muted">{[regionOf(person), word(t, 'segment', person.rfm_segment)].filter((part) => part !== '--').join(' · ')}</span>
            {person.tier && <TierTag tier={person.tier} />}
            <span className="zk-figures zk-right">{person.monetary == null ? '' : format.money(person.monetary)}</span>
          </li>
        ))}
      </ul>
      <More query={query} />
    </Sheet>
  )
}
