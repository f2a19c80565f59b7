// What models say of one customer: worth, when the next order is due, whether the customer leaves and why, what to do.
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { insightQuery } from '../../api/models'
import { useFormat } from '../../app/workspace'
import { Card } from '../../ui/Card'
import { ErrorNotice, Notice, Skeleton } from '../../ui/states'
import './models.css'

export function InsightCard({ profileId }: { profileId: string }) {
  const { t, i18n } = useTranslation()
  const query = useQuery(insightQuery(profileId))
  const { data } = query
  const format = useFormat(data?.currency)
  const say = (text: { zh: string; en: string }) => (i18n.language === 'zh' ? text.zh : text.en)
  const facts: [string, string][] = []
  if (data?.value != null) {
    facts.push([t('models.person_value'), t('models.person_value_says', { value: format.money(data.value), low: format.money(data.value_low), high: format.money(data.value_high) })])
    facts.push([t('models.person_value_soon'), t('models.person_value_soon_says', { near: format.money(data.value_90), far: format.money(data.value_180) })])
  }
  if (data?.p_alive != null) facts.push([t('models.person_alive'), format.ratio(data.p_alive)])
  if (data?.next_on) facts.push([t('models.person_next'), t('models.person_next_says', { on: format.day(data.next_on), early: format.day(data.next_early_on), late: data.next_late_on ? format.day(data.next_late_on) : t('models.person_later') })])
  if (data?.purchase_30 != null) facts.push([t('models.person_30'), format.ratio(data.purchase_30)])
  if (data?.purchase_90 != null) facts.push([t('models.person_90'), format.ratio(data.purchase_90)])
  if (data?.churn != null && data.risk) {
    facts.push([t('models.person_churn'), t('models.person_churn_says', { risk: t(`models.risk_${data.risk as 'high' | 'medium' | 'low'}`), p: format.ratio(data.churn), n: data.churn_days ?? 0 })])
  }
  if (data?.value_at_risk != null && data.risk !== 'low') facts.push([t('models.at_risk'), format.money(data.value_at_risk)])
  if (data?.cluster_label) facts.push([t('models.group'), say(data.cluster_label)])
  return (
    <Card title={t('models.person')} hint={data?.as_of ? t('models.person_hint', { day: format.day(data.as_of) }) : undefined}>
      {query.isPending && <Skeleton rows={5} />}
      {query.isError && <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />}
      {data && facts.length === 0 && <Notice title={t('models.person_none')} help={t('models.person_none_help')} />}
      {facts.length > 0 && (
        <dl className="zk-model-facts">
          {facts.map(([term, fact]) => (
            <div key={term}>
              <dt>{term}</dt>
              <dd>{fact}</dd>
            </div>
          ))}
        </dl>
      )}
      {data && data.reasons.length > 0 && (
        <>
          <h3 className="zk-model-why">{t('models.person_why')}</h3>
          <ul className="zk-model-reasons">
            {data.reasons.map((reason) => (
              <li key={reason.en}>{say(reason)}</li>
            ))}
          </ul>
        </>
      )}
      {data?.advice && (
        <p className="zk-sentence">
          <strong>{t('models.person_do')}</strong>
          <span>{say(data.advice)}</span>
        </p>
      )}
    </Card>
  )
}
