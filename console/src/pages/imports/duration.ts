import { useTranslation } from 'react-i18next'

/** A span of time in words, rounded: seconds up to a minute and a half, then minutes. */
export function useDuration(): (ms: number) => string {
  const { t } = useTranslation()
  return (ms) => {
    const seconds = Math.max(1, Math.round(ms / 1000))
    return seconds < 90 ? t('job.seconds', { n: seconds }) : t('job.minutes', { n: Math.round(seconds / 60) })
  }
}
