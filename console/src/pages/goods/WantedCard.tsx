// What a customer may want: what is due again by its cycle, what is new and why.
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { wantedQuery } from '../../api/goods'
import { useSettings } from '../../app/settings'
import { useFormat } from '../../app/workspace'
import { Card } from '../../ui/Card'
import { ErrorNotice, Notice, Skeleton } from '../../ui/states'
import { titleOf } from './names'
import './goods.css'

export function WantedCard({ profileId }: { profileId: string }) {
  const { t } = useTranslation()
  const { lang } = useSettings()
  const format = useFormat()
  const query = useQuery(wantedQuery(profileId))
  const { data } = query
  const say = (text: { zh: string; en: string }) => (lang === 'zh' ? text.zh : text.en)
  const isEmpty = data?.again.length === 0 && data.fresh.length === 0
  return (
    <Card title={t('goods.person')} hint={data?.as_of ? t('goods.person_hint', { day: format.day(data.as_of) }) : undefined}>
      {query.isPending && (
        <>
          <p className="zk-muted" role="status">
            {t('goods.learning')}
          </p>
          <Skeleton rows={5} />
        </>
      )}
      {query.isError && <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />}
      {data?.is_refused && <Notice title={t('goods.person_refused')} help={t('goods.person_refused_help')} />}
      {isEmpty && !data.is_refused && <Notice title={t('goods.person_none')} help={t('goods.person_none_help')} />}
      {data && data.again.length > 0 && (
        <>
          <h3 className="zk-goods-head">{t('goods.person_again')}</h3>
          <ul className="zk-goods-list">
            {data.again.map((one) => (
              <li key={one.good.id}>
                <span>{titleOf(one.good)}</span>
                {one.is_overdue && <span className="zk-goods-late">{t('goods.person_overdue')}</span>}
                <span className="zk-muted">{say(one.reason)}</span>
              </li>
            ))}
          </ul>
        </>
      )}
      {data?.need && (
        <>
          <h3 className="zk-goods-head">{t('goods.person_need')}</h3>
          <ul className="zk-goods-list">
            <li>
              <span>{titleOf(data.need.good)}</span>
              <span className="zk-muted">{data.need.reasons.map(say).join('')}</span>
            </li>
          </ul>
        </>
      )}
      {data?.extension && (
        <>
          <h3 className="zk-goods-head">{t('goods.person_extension')}</h3>
          <p>{titleOf(data.extension)}</p>
        </>
      )}
      {data && data.fresh.length > 0 && (
        <>
          <h3 className="zk-goods-head">{t('goods.person_fresh')}</h3>
          {data.status === 'withheld' && <p className="zk-muted">{t('goods.person_withheld')}</p>}
          <ol className="zk-goods-list">
            {data.fresh.map((one) => (
              <li key={one.good.id}>
                <span>{titleOf(one.good)}</span>
                <span className="zk-muted">{one.reasons.map(say).join(lang === 'zh' ? '；' : '; ')}</span>
              </li>
            ))}
          </ol>
        </>
      )}
    </Card>
  )
}
