// Customers with a moment drawn for each: by what is believed, some at any hour.
import { useInfiniteQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { chosenQuery } from '../../api/moments'
import { useFormat } from '../../app/workspace'
import { Save } from '../../charts/Chart'
import { More } from '../../ui/More'
import { Sheet } from '../../ui/Sheet'
import { ErrorNotice, Notice, Skeleton } from '../../ui/states'
import { nameOf } from '../customers/people'
import '../customers/person.css'
import { useHour } from './hours'
import type { CampaignJson } from './question'

export default function Chosen({ question, onClose }: { question: CampaignJson; onClose: () => void }) {
  const { t } = useTranslation()
  const format = useFormat()
  const hourName = useHour()
  const query = useInfiniteQuery(chosenQuery(question))
  const items = query.data?.pages.flatMap((page) => page.items) ?? []
  const [first] = query.data?.pages ?? []
  const title = t('campaigns.moments_people')
  const said = (channel: string | null) => channel ?? t('campaigns.not_said')
  return (
    <Sheet title={title} closeLabel={t('behind.close')} onClose={onClose} className="zk-behind" isBusy={query.isLoading}>
      {query.isLoading && <Skeleton rows={8} height={36} />}
      {query.isError && <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />}
      {first && (
        <p className="zk-muted" role="status">
          {t('campaigns.moments_people_total', { n: format.people(first.total) })}
        </p>
      )}
      {first && items.length === 0 && <Notice title={t('behind.nobody')} help={t('behind.nobody_help')} />}
      <ul className="zk-behind-list">
        {items.map((one) => (
          <li key={one.profile_id}>
            <Link to="/customers/$profileId" params={{ profileId: one.profile_id }} className="zk-person">
              {nameOf(t, one.customer)}
            </Link>
            <span>
              {hourName(one.hour)} · {said(one.channel)}
            </span>
            <span className="zk-figures zk-right">{format.ratio(one.believed)}</span>
          </li>
        ))}
      </ul>
      <More query={query} />
      {items.length > 0 && (
        <Save
          title={title}
          numbers={() => ({ head: [t('campaigns.customer_id'), t('campaigns.by_channel'), t('campaigns.moment'), t('campaigns.propensity'), t('campaigns.moments_believed')], rows: items.map((one) => [one.profile_id, said(one.channel), hourName(one.hour), one.propensity, one.believed]) })}
        />
      )}
    </Sheet>
  )
}
