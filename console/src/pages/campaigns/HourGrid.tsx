// A week of hours: days down, hours across; the darker, the more is answered.
import { useTranslation } from 'react-i18next'
import type { HourRate } from '../../api/moments'
import { useFormat } from '../../app/workspace'
import { DAYS } from './hours'

const HOURS = Array.from({ length: 24 }, (_, hour) => hour)

export function HourGrid({ title, hours }: { title: string; hours: readonly HourRate[] }) {
  const { t } = useTranslation()
  const format = useFormat()
  const of = new Map(hours.map((one) => [one.hour, one]))
  const shares = hours.map((one) => one.believed)
  const [low, high] = [Math.min(...shares), Math.max(...shares)]
  const depth = (share: number) => (high > low ? 0.05 + (0.45 * (share - low)) / (high - low) : 0.2)
  return (
    <div className="zk-hours-box" role="region" aria-label={title} tabIndex={0}>
      <table className="zk-hours" aria-label={title}>
        <thead>
          <tr>
            <td />
            {HOURS.map((hour) => (
              <th key={hour} scope="col">
                {hour}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {DAYS.map((day) => (
            <tr key={day}>
              <th scope="row">{t(`campaigns.day_${day}`)}</th>
              {HOURS.map((hour) => {
                const one = of.get(day * 24 + hour)
                return (
                  <td key={hour} title={one ? t('campaigns.hour_says', { n: format.count(one.n), rate: format.ratio(one.n_answered / Math.max(one.n, 1)), believed: format.ratio(one.believed) }) : undefined}>
                    {one && (
                      <>
                        <span className="zk-hours-fill" aria-hidden="true" style={{ opacity: depth(one.believed) }} />
                        <span className="zk-hours-text">{(one.believed * 100).toFixed(0)}</span>
                      </>
                    )}
                  </td>
                )
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
