// Where one customer stands among all: three scores, the share of customers below, and why.
import { useTranslation } from 'react-i18next'
import type { Rfm } from '../../api/types'
import { useSettings } from '../../app/settings'
import { useFormat } from '../../app/workspace'
import { Card } from '../../ui/Card'
import { Notice } from '../../ui/states'
import { word } from '../../words'

export function Place({ rfm, currency }: { rfm: Rfm | null | undefined; currency: string }) {
  const { t } = useTranslation()
  const { lang } = useSettings()
  const format = useFormat(currency)
  if (!rfm) {
    return (
      <Card title={t('profile.rfm')}>
        <Notice title={t('profile.rfm_none')} help={t('profile.rfm_none_help')} />
      </Card>
    )
  }
  const rows = [
    { key: 'recency', name: t('profile.recency'), value: t('profile.recency_value', { count: rfm.recency_days, n: format.count(rfm.recency_days) }), score: rfm.r_score, share: rfm.percentile.recency },
    { key: 'frequency', name: t('profile.frequency'), value: t('profile.frequency_value', { count: rfm.frequency, n: format.count(rfm.frequency) }), score: rfm.f_score, share: rfm.percentile.frequency },
    { key: 'monetary', name: t('profile.monetary'), value: format.money(rfm.monetary), score: rfm.m_score, share: rfm.percentile.monetary },
  ]
  // Nobody is better than all customers, being one of them.
  const place = (share: number) => (share >= 0.9995 ? t('profile.above_all') : t('profile.above', { ratio: format.ratio(share) }))
  const why = lang === 'zh' ? rfm.why_zh : rfm.why_en
  return (
    <Card title={t('profile.rfm')} hint={t('profile.rfm_as_of', { day: format.day(rfm.as_of) })}>
      <p className="zk-place-name">
        <strong>{word(t, 'segment', rfm.rfm_segment)}</strong>
        <span className="zk-scores" title={t('customers.rfm_full', { r: rfm.r_score, f: rfm.f_score, m: rfm.m_score })}>
          R{rfm.r_score} F{rfm.f_score} M{rfm.m_score}
        </span>
      </p>
      <ul className="zk-places">
        {rows.map((row) => (
          <li key={row.key}>
            <div className="zk-place-head">
              <span>{row.name}</span>
              <strong>{row.value}</strong>
            </div>
            <div
              className="zk-bar-track"
              role="img"
              aria-label={t('profile.place_aria', { name: row.name, score: row.score, place: place(row.share) })}
            >
              <span className="zk-bar" style={{ width: `${row.share * 100}%` }} />
              <span className="zk-bar-mark" style={{ left: `${row.share * 100}%` }} />
            </div>
            <span className="zk-place-note">{place(row.share)}</span>
          </li>
        ))}
      </ul>
      {why.length > 0 && (
        <div className="zk-why">
          <h3>{t('profile.why')}</h3>
          <ul>
            {why.map((sentence) => (
              <li key={sentence}>{sentence}</li>
            ))}
          </ul>
        </div>
      )}
    </Card>
  )
}
