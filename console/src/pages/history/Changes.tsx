// Segments and tags on two days, largest change first.
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Button } from 'antd'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { changesQuery } from '../../api/history'
import type { HistoryChange } from '../../api/types'
import { useSettings } from '../../app/settings'
import { useFormat } from '../../app/workspace'
import { Card } from '../../ui/Card'
import { DataTable } from '../../ui/DataTable'
import { ErrorNotice, Notice, Skeleton } from '../../ui/states'

const MAX_SHOWN = 12

export function Changes({ from, to }: { from: string; to: string }) {
  const { t } = useTranslation()
  const { lang } = useSettings()
  const format = useFormat()
  const [isWhole, setWhole] = useState(false)
  const query = useQuery(changesQuery(from, to))
  const rows = query.data ? [...query.data.segments.map((one) => ({ ...one, kind: 'segment' as const })), ...query.data.tags.map((one) => ({ ...one, kind: 'tag' as const }))] : []
  rows.sort((left, right) => moved(right) - moved(left))
  const shown = isWhole ? rows : rows.slice(0, MAX_SHOWN)
  const nameOf = (one: HistoryChange) => (lang === 'zh' ? one.name_zh : one.name)
  return (
    <Card title={t('history.changes')} hint={t('history.changes_hint')} isStale={query.isPlaceholderData}>
      {query.isPending && <Skeleton rows={6} height={26} />}
      {query.isError && <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />}
      {query.data && rows.length === 0 && <Notice title={t('history.no_changes')} />}
      {rows.length > 0 && (
        <DataTable
          caption={t('history.changes')}
          rows={shown}
          rowKey={(one) => `${one.kind} ${one.key}`}
          columns={[
            {
              key: 'name',
              title: t('history.name'),
              isHead: true,
              cell: (one) =>
                one.kind === 'segment' ? (
                  <Link to="/customers/segments/$segmentId" params={{ segmentId: one.key }} search={{ view: 'chart' }}>
                    {nameOf(one)}
                  </Link>
                ) : (
                  <Link to="/insight/migration" search={{ what: `tag:${one.key}`, from, to }}>
                    {nameOf(one)}
                  </Link>
                ),
            },
            { key: 'kind', title: t('history.kind'), cell: (one) => t(`history.${one.kind}`) },
            { key: 'before', title: t('history.n_before'), align: 'right', cell: (one) => format.people(one.n_before) },
            { key: 'after', title: t('history.n_after'), align: 'right', cell: (one) => format.people(one.n_after) },
            { key: 'same', title: t('history.n_same'), align: 'right', cell: (one) => format.people(one.n_same) },
          ]}
        />
      )}
      {rows.length > MAX_SHOWN && !isWhole && (
        <div className="zk-more">
          <Button onClick={() => setWhole(true)}>{t('history.more', { n: format.count(rows.length - MAX_SHOWN) })}</Button>
        </div>
      )}
    </Card>
  )
}

function moved(one: HistoryChange): number {
  return one.n_before === null || one.n_after === null || one.n_same === null ? 0 : one.n_before + one.n_after - 2 * one.n_same
}
