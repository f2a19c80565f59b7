// Hours of the week, 0 to 167, Monday from midnight first.
import { useTranslation } from 'react-i18next'

export const DAYS = [0, 1, 2, 3, 4, 5, 6] as const

export function useHour() {
  const { t } = useTranslation()
  return (hour: number) => t('campaigns.hour_of', { day: t(`campaigns.day_${DAYS[Math.floor(hour / 24)] ?? 0}`), hour: hour % 24 })
}
