import { useTranslation } from 'react-i18next'
import type { ImportItem } from '../../api/types'

export function LoadStatus({ status }: { status: ImportItem['status'] }) {
  const { t } = useTranslation()
  return <span className={`zk-status zk-status-${status}`}>{t(`imports.${status}`)}</span>
}
