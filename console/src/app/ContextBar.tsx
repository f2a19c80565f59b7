// How fresh the data are, on every page that shows figures.
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { useFormat, useWorkspace } from './workspace'

export function ContextBar({ children }: { children?: ReactNode }) {
  const { t } = useTranslation()
  const format = useFormat()
  const { data } = useWorkspace()
  return (
    <div className="zk-context">
      {children}
      {data && (
        <p className="zk-as-of" title={data.data_from ? t('context.span', { from: format.day(data.data_from), to: format.day(data.data_to) }) : undefined}>
          <span>{data.as_of ?? data.data_to ? t('context.as_of', { when: format.day(data.as_of ?? data.data_to) }) : t('context.as_of_none')}</span>
          {data.refreshed_at && <span>{t('context.refreshed', { when: format.relative(data.refreshed_at) })}</span>}
          <span>{t('context.zone', { zone: data.zone })}</span>
        </p>
      )}
    </div>
  )
}
