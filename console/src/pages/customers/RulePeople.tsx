// The people behind a number, beside the page: those for whom a rule holds, as many as the number says, and the same rule
// as a segment.
import { CloseOutlined } from '@ant-design/icons'
import { useInfiniteQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Button } from 'antd'
import { useEffect, useId, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import { matchingQuery, type RuleJson } from '../../api/segments'
import { May } from '../../app/session'
import { useFormat } from '../../app/workspace'
import { ErrorNotice, Notice, Skeleton } from '../../ui/states'
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
  const dialog = useRef<HTMLDialogElement>(null)
  const id = useId()
  const query = useInfiniteQuery(matchingQuery(rule, asOf))
  const people = query.data?.pages.flatMap((page) => page.items) ?? []
  const [first] = query.data?.pages ?? []
  useEffect(() => dialog.current?.showModal(), [])
  return (
    <dialog
      ref={dialog}
      className="zk-sheet zk-behind"
      aria-labelledby={id}
      onClose={onClose}
      onClick={(event) => {
        if (event.target === dialog.current) dialog.current.close()
      }}
    >
      <header className="zk-sheet-head">
        <h2 id={id}>{title}</h2>
        <button type="button" className="zk-icon-button" aria-label={t('behind.close')} onClick={() => dialog.current?.close()}>
          <CloseOutlined aria-hidden="true" />
        </button>
      </header>
      <div className="zk-sheet-body" role="group" aria-labelledby={id} tabIndex={0} aria-busy={query.isPending}>
        {query.isPending && <Skeleton rows={8} height={36} />}
        {query.isError && <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />}
        {first && (
          <p className="zk-muted" role="status">
            {t('behind.total', { count: first.total, n: format.count(first.total), day: format.day(first.as_of) })}
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
        {query.hasNextPage && (
          <div className="zk-more">
            <Button onClick={() => void query.fetchNextPage()} loading={query.isFetchingNextPage}>
              {t('table.more_any')}
            </Button>
          </div>
        )}
      </div>
      <May to="segments.write">
        <footer className="zk-sheet-foot">
          <Link to="/customers/segments/new" search={{ rule, name: title }} className="zk-button zk-button-primary">
            {t('behind.save')}
          </Link>
        </footer>
      </May>
    </dialog>
  )
}
