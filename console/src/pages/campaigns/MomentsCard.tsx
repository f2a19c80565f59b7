// When a customer opens messages, by what is believed.
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { momentsOfQuery } from '../../api/moments'
import { useFormat } from '../../app/workspace'
import { Card } from '../../ui/Card'
import { ErrorNotice, Notice, Skeleton } from '../../ui/states'
import { useHour } from './hours'

export function MomentsCard({ profileId }: { profileId: string }) {
  const { t } = useTranslation()
  const format = useFormat()
  const hourName = useHour()
  const query = useQuery(momentsOfQuery(profileId))
  const { data } = query
  const isEmpty = data?.best.length === 0
  return (
    <Card title={t('campaigns.person_moments')}>
      {query.isPending && <Skeleton rows={3} />}
      {query.isError && <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />}
      {data?.is_refused && <Notice title={t('campaigns.person_moments_refused')} />}
      {isEmpty && !data.is_refused && <Notice title={t('campaigns.person_moments_none')} />}
      {data && data.best.length > 0 && (
        <>
          <ol className="zk-plain-list">
            {data.best.map((one) => (
              <li key={`${one.channel ?? ''}-${one.hour}`}>{t('campaigns.person_moment', { hour: hourName(one.hour), channel: one.channel ?? t('campaigns.not_said'), rate: format.ratio(one.believed) })}</li>
            ))}
          </ol>
          <p className="zk-muted">{t('campaigns.person_moments_says', { n: format.count(data.n_messages), usual: format.ratio(data.usual) })}</p>
        </>
      )}
    </Card>
  )
}
