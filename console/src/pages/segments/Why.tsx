// Why a customer is in a segment, or is not any more: each condition with what was found.
import { CheckCircleFilled, CloseCircleOutlined } from '@ant-design/icons'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { whyQuery } from '../../api/segments'
import { useSettings } from '../../app/settings'
import { useFormat } from '../../app/workspace'
import { ErrorNotice, Skeleton } from '../../ui/states'
import { sentenceOf } from './words'

export function Why({ segmentId, profileId }: { segmentId: string; profileId: string }) {
  const { t } = useTranslation()
  const { lang } = useSettings()
  const format = useFormat()
  const query = useQuery(whyQuery(segmentId, profileId))
  if (query.isPending) return <Skeleton rows={3} height={20} />
  if (query.isError) return <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />
  const { holds, as_of, conditions, stays } = query.data
  const day = format.day(as_of)
  return (
    <section className="zk-segment-why" aria-label={t('segments.why')}>
      <h3>{holds ? t('segments.why') : t('segments.why_not')}</h3>
      <p className="zk-muted">{holds ? t('segments.why_holds', { day }) : t('segments.why_fails', { day })}</p>
      <ul>
        {conditions.map((condition) => (
          <li key={condition.pointer} className={condition.holds ? 'zk-verdict-yes' : 'zk-verdict-no'}>
            {condition.holds ? <CheckCircleFilled aria-hidden="true" /> : <CloseCircleOutlined aria-hidden="true" />}
            <span>
              {sentenceOf(condition, lang)}
              <small>
                {condition.holds ? t('segments.yes') : t('segments.no')} · {condition.value === null ? t('segments.found_none') : t('segments.found', { value: condition.value })}
              </small>
            </span>
          </li>
        ))}
      </ul>
      {stays.length > 0 && (
        <p className="zk-muted">
          {t('segments.stays')}: {stays.map(({ since, until }) => (until ? t('segments.stay_closed', { since: format.instant(since), until: format.instant(until) }) : t('segments.stay_open', { since: format.instant(since) }))).join(lang === 'zh' ? '；' : '; ')}
        </p>
      )}
    </section>
  )
}
