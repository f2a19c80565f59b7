// From page to page by cursor. A cursor only leads forward: "previous" is a step back in the browser, and "first page" is
// there for those who came by a link.
import { useCanGoBack, useRouter } from '@tanstack/react-router'
import { Button } from 'antd'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'

type Props = { page: number; hasNext: boolean; onNext: () => void; onFirst: () => void; total?: ReactNode }

export function Pager({ page, hasNext, onNext, onFirst, total }: Props) {
  const { t } = useTranslation()
  const router = useRouter()
  const canGoBack = useCanGoBack()
  if (page === 1 && !hasNext) return total ? <div className="zk-pager">{total}</div> : null
  return (
    <nav className="zk-pager" aria-label={t('table.page', { page })}>
      {total}
      <span className="zk-pager-page">{t('table.page', { page })}</span>
      {page > 1 && <Button onClick={onFirst}>{t('table.first')}</Button>}
      {page > 1 && canGoBack && <Button onClick={() => router.history.back()}>{t('table.prev')}</Button>}
      <Button disabled={!hasNext} onClick={onNext}>
        {t('table.next')}
      </Button>
    </nav>
  )
}
