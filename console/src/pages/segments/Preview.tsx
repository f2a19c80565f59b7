// How many a rule would hold, while it is written: the count, what each condition leaves, some of the people, a sentence.
import type { UseQueryResult } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import type { SegmentPreview } from '../../api/types'
import { useSettings } from '../../app/settings'
import { useFormat } from '../../app/workspace'
import { Card } from '../../ui/Card'
import { Parts } from '../../ui/Parts'
import { SmallGroups } from '../../ui/SmallGroups'
import { usePurposeName } from '../../ui/PurposeSelect'
import { ErrorNotice, Skeleton } from '../../ui/states'
import { nameOf, TierTag } from '../customers/people'
import { sentenceOf } from './words'

type Props = {
  query: UseQueryResult<SegmentPreview>
  /** Conditions are to be filled in first. */
  isWaiting: boolean
  /** The server found mistakes; they stand beside the conditions. */
  isWrong: boolean
  /** What is shown belongs to an earlier state of the rule. */
  isBehind: boolean
}

export function Preview({ query, isWaiting, isWrong, isBehind }: Props) {
  const { t } = useTranslation()
  const { lang } = useSettings()
  const nameOfPurpose = usePurposeName()
  const format = useFormat()
  const { data } = query
  const isStale = isWaiting || isWrong || isBehind || query.isPlaceholderData
  const status = isWaiting ? t('segments.count_waits') : isWrong ? t('segments.count_failed') : isBehind || query.isFetching ? t('segments.counting') : undefined
  const share = data?.count.total && data.count.count !== null ? data.count.count / data.count.total : undefined
  return (
    <div className="zk-preview">
      <Card title={t('segments.count')}>
        <div aria-live="polite" aria-busy={isStale}>
          {!data && !query.isError && <Skeleton rows={2} height={30} />}
          {data && (
            <p className={`zk-preview-count ${isStale ? 'zk-preview-old' : ''}`}>
              <strong>{format.people(data.count.count)}</strong>
              {share !== undefined && <span>{t('segments.count_of', { total: format.count(data.count.total), ratio: format.ratio(share) })}</span>}
            </p>
          )}
          <SmallGroups isSuppressed={data && (data.count.is_suppressed || data.funnel.some((step) => step.is_suppressed))} />
          {data?.count.excluded && data.count.excluded.total > 0 && <p className="zk-muted">{t('consents.left_out', { n: format.count(data.count.excluded.total), purpose: nameOfPurpose(data.count.excluded.purpose) })}</p>}
          {status ? (
            <p className="zk-muted">{status}</p>
          ) : (
            data && <Parts className="zk-muted" parts={[t('segments.count_ms', { ms: format.count(data.count.ms) }), t('segments.count_as_of', { day: format.day(data.count.as_of) })]} />
          )}
        </div>
        {query.isError && !isWrong && !isBehind && <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />}
        {data && (
          <>
            <h3>{t('segments.sentence')}</h3>
            <p>{sentenceOf(data, lang) || t('segments.everybody')}</p>
          </>
        )}
      </Card>
      {data && data.funnel.length > 0 && (
        <Card title={t('segments.funnel')} isStale={isStale}>
          <ol className="zk-funnel">
            <Step label={t('segments.funnel_all')} left={data.count.total} total={data.count.total} />
            {data.funnel.map((step) => (
              <Step key={step.pointer} label={sentenceOf(step, lang)} left={step.left} total={data.count.total} alone={step.alone} />
            ))}
          </ol>
        </Card>
      )}
      {data && (
        <Card title={t('segments.sample')} hint={t('segments.sample_hint')} isStale={isStale}>
          {data.sample.length === 0 && <p className="zk-muted">{t('segments.sample_none')}</p>}
          <ul className="zk-sample">
            {data.sample.slice(0, 5).map((person) => (
              <li key={person.profile_id}>
                <Link to="/customers/$profileId" params={{ profileId: person.profile_id }} target="_blank">
                  {nameOf(t, person)}
                </Link>
                <TierTag tier={person.tier} />
                <span className="zk-figures">{format.money(person.monetary)}</span>
              </li>
            ))}
          </ul>
        </Card>
      )}
    </div>
  )
}

function Step({ label, left, total, alone }: { label: string; left: number | null; total: number | null; alone?: number | null }) {
  const { t } = useTranslation()
  const format = useFormat()
  return (
    <li>
      <p className="zk-funnel-head">
        <span>{label}</span>
        <strong>{format.people(left)}</strong>
      </p>
      <span className="zk-bar-track" aria-hidden="true">
        <span className="zk-bar" style={{ width: `${((left ?? 0) / Math.max(1, total ?? 0)) * 100}%` }} />
      </span>
      {alone !== undefined && alone !== left && <small>{t('segments.funnel_alone', { n: format.people(alone) })}</small>}
    </li>
  )
}
