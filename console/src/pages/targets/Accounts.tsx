// The customers of a part, what each of them shall bring and why it is worth a look; kept as a segment.
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { accountsQuery, keepAccounts, type Target, type TargetPart } from '../../api/targets'
import { useMay } from '../../app/session'
import { useFormat } from '../../app/workspace'
import { Sheet } from '../../ui/Sheet'
import { ErrorNotice, Notice, Skeleton } from '../../ui/states'
import { nameOf } from '../customers/people'
import '../customers/person.css'
import { Keep } from '../insight/Keep'
import { pathName, write } from './words'

/** Accounts kept at most, the largest gaps first. */
const KEPT = 1000

export default function Accounts({ target, part, onClose }: { target: Target; part: TargetPart; onClose: () => void }) {
  const { t } = useTranslation()
  const format = useFormat()
  const mayKeep = useMay('segments.write')
  const query = useQuery(accountsQuery(target.target_id, part.path))
  const { data } = query
  const isBegun = data?.items.some((one) => one.actual !== null) ?? false
  const show = (value: number | null) => write(format, target.unit, value)
  const name = pathName(t, part.path)
  return (
    <Sheet title={t('targets.follow_of', { name })} closeLabel={t('targets.close')} onClose={onClose} className="zk-behind" isBusy={query.isLoading} foot={mayKeep && data && data.items.length > 0 && <Keep keep={(called) => keepAccounts(target.target_id, part.path, KEPT, called)} title={t('targets.keep_default', { name: `${target.name} ${name}` })} />}>
      {query.isPending && <Skeleton rows={8} height={36} />}
      {query.isError && <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />}
      {data && (
        <p className="zk-muted" role="status">
          {isBegun
            ? t('targets.accounts_total', { n: format.people(data.total), behind: format.people(data.n_behind), amount: show(data.amount_of_new) })
            : t('targets.accounts_ahead', { n: format.people(data.total), amount: show(data.amount_of_new) })}
        </p>
      )}
      {data?.items.length === 0 && <Notice title={t('behind.nobody')} help={t('behind.nobody_help')} />}
      <ul className="zk-behind-list zk-target-accounts">
        {data?.items.map((one) => (
          <li key={one.customer.profile_id}>
            <Link to="/customers/$profileId" params={{ profileId: one.customer.profile_id }} className="zk-person">
              {nameOf(t, one.customer)}
            </Link>
            {(isBegun || one.because !== 'on_pace') && <span>{t(`targets.because.${one.because}` as 'targets.because.behind', { defaultValue: one.because })}</span>}
            <strong className="zk-figures zk-right">{isBegun && one.gap > 0 ? t('targets.gap', { n: show(one.gap) }) : ''}</strong>
            <small className="zk-muted">
              {one.actual === null ? t('targets.account_amount', { amount: show(one.amount) }) : t('targets.account_actual', { amount: show(one.amount), actual: show(one.actual) })}
              {' · '}
              {t('targets.account_before', { days: data.days, last: show(one.last), before: show(one.before) })}
            </small>
          </li>
        ))}
      </ul>
    </Sheet>
  )
}
