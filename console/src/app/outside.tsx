// What stands where no page can: an unknown address, a page that failed.
import { Link, type ErrorComponentProps } from '@tanstack/react-router'
import { Button } from 'antd'
import { useTranslation } from 'react-i18next'
import { Notice } from '../ui/states'

export function MissingPage() {
  const { t } = useTranslation()
  return (
    <div className="zk-card">
      <Notice headingLevel={1} title={t('state.not_found')} help={t('state.not_found_help')} action={<Link to="/">{t('state.home')}</Link>} />
    </div>
  )
}

export function CrashedPage({ reset }: ErrorComponentProps) {
  const { t } = useTranslation()
  return (
    <div className="zk-card">
      <Notice tone="error" headingLevel={1} title={t('state.crashed')} help={t('state.crashed_help')} action={<Button onClick={reset}>{t('state.retry')}</Button>} />
    </div>
  )
}
