// 数据质量: can the data be trusted? What the reports of loads and the counts of live sources say, and nothing else.
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { qualityQuery, sourcesQuery } from '../../api/queries'
import type { FileQuality, Quality, Source } from '../../api/types'
import { May } from '../../app/session'
import { useFormat } from '../../app/workspace'
import { Sparkline } from '../../charts/Sparkline'
import { Card } from '../../ui/Card'
import { DataTable } from '../../ui/DataTable'
import { Page } from '../../ui/Page'
import { Parts } from '../../ui/Parts'
import { ErrorNotice, Notice, Skeleton } from '../../ui/states'
import { word } from '../../words'
import { UnusualSources } from './UnusualSources'
import './quality.css'

const PARTS = ['completeness', 'validity', 'uniqueness', 'consistency', 'timeliness'] as const

export default function QualityPage() {
  const { t } = useTranslation()
  const files = useQuery(qualityQuery)
  return (
    <Page title={t('quality.title')} question={t('quality.question')}>
      {files.isPending && <Card><Skeleton rows={8} height={28} /></Card>}
      {files.isError && <Card><ErrorNotice error={files.error} onRetry={() => void files.refetch()} /></Card>}
      {files.data?.total && <Total quality={files.data.total} />}
      {files.data && <Files items={files.data.items} />}
      <UnusualSources />
      <Live />
    </Page>
  )
}

function Total({ quality }: { quality: Quality }) {
  const { t } = useTranslation()
  const format = useFormat()
  return (
    <Card title={t('quality.total')} hint={t('quality.total_hint')}>
      <dl className="zk-quality">
        <div className="zk-quality-score">
          <dt>{t('quality.score')}</dt>
          <dd>{format.count(quality.score)}</dd>
        </div>
        {PARTS.map((part) => {
          const value = quality[part]
          return (
            value !== null && (
              <div key={part}>
                <dt title={t(`quality.${part}_help`)}>{t(`quality.${part}`)}</dt>
                <dd>
                  <span className="zk-bar-row">
                    <span className="zk-bar-track" aria-hidden="true">
                      <span className="zk-bar" style={{ width: `${value}%` }} />
                    </span>
                    <span className="zk-bar-value">{format.quantity(Math.round(value * 10) / 10)}</span>
                  </span>
                  <small>{t(`quality.${part}_help`)}</small>
                </dd>
              </div>
            )
          )
        })}
      </dl>
    </Card>
  )
}

function Files({ items }: { items: readonly FileQuality[] }) {
  const { t } = useTranslation()
  const format = useFormat()
  return (
    <Card title={t('quality.files')} hint={t('quality.files_hint')}>
      {items.length === 0 ? (
        <Notice
          title={t('quality.none')}
          help={t('quality.none_help')}
          action={
            <May to="imports.run">
              <Link className="zk-button" to="/data/imports/new">
                {t('state.to_import')}
              </Link>
            </May>
          }
        />
      ) : (
        <DataTable
          caption={t('quality.files')}
          rows={items}
          rowKey={(item) => `${item.source}/${item.entity}`}
          columns={[
            {
              key: 'source',
              title: t('quality.source'),
              isHead: true,
              cell: (item) => (
                <Link to="/data/imports/$batchId" params={{ batchId: item.batch_id }} title={t('quality.see_report')}>
                  {item.source} · {word(t, 'entity', item.entity)}
                </Link>
              ),
            },
            { key: 'score', title: t('quality.score'), align: 'right', cell: (item) => <Score item={item} /> },
            ...PARTS.map((part) => ({
              key: part,
              title: t(`quality.${part}`),
              align: 'right' as const,
              cell: (item: FileQuality) => (item.quality?.[part] == null ? '--' : format.quantity(Math.round(item.quality[part] * 10) / 10)),
            })),
            {
              key: 'arrived',
              title: t('quality.arrived'),
              align: 'right',
              cell: (item) => (
                <Marked isWarning={item.is_late} note={item.usual_gap_days === null ? undefined : t(item.is_late ? 'quality.late' : 'quality.gap', { days: format.quantity(Math.round(item.usual_gap_days * 10) / 10) })}>
                  {format.relative(item.arrived_at)}
                </Marked>
              ),
            },
            {
              key: 'rows',
              title: t('quality.rows'),
              align: 'right',
              cell: (item) => (
                <Marked isWarning={item.is_unusual} note={item.usual_rows ? t('quality.usual', { low: format.countShort(item.usual_rows.low), high: format.countShort(item.usual_rows.high) }) : undefined}>
                  {format.count(item.rows_read)}
                </Marked>
              ),
            },
            {
              key: 'open',
              title: t('quality.waiting'),
              align: 'right',
              cell: (item) =>
                item.open_batch_id ? (
                  <Link to="/data/imports/$batchId" params={{ batchId: item.open_batch_id }} search={{ status: 'open' }} title={item.reasons.map((reason) => `${word(t, 'reason', reason.reason_code)} ${reason.n}`).join('\n')}>
                    {format.count(item.n_open)}
                  </Link>
                ) : (
                  '0'
                ),
            },
          ]}
        />
      )}
    </Card>
  )
}

function Score({ item }: { item: FileQuality }) {
  const format = useFormat()
  return (
    <span className="zk-quality-trend">
      {item.scores.length > 1 && <Sparkline values={item.scores.map((load) => load.score)} />}
      <strong>{item.quality ? format.count(item.quality.score) : '--'}</strong>
    </span>
  )
}

/** A value with what is usual below it, marked when it is not. */
function Marked({ isWarning, note, children }: { isWarning: boolean; note?: string | undefined; children: ReactNode }) {
  return (
    <span className={isWarning ? 'zk-quality-odd' : undefined}>
      {isWarning && <span aria-hidden="true">! </span>}
      {children}
      {note && <small className="zk-below">{note}</small>}
    </span>
  )
}

function Live() {
  const { t } = useTranslation()
  const query = useQuery(sourcesQuery)
  const sources = query.data?.items ?? []
  return (
    <Card title={t('quality.live')} hint={t('quality.live_hint')}>
      {query.isPending && <Skeleton rows={4} height={28} />}
      {query.isError && <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />}
      {query.data && sources.length === 0 && <Notice title={t('quality.no_live')} help={t('quality.no_live_help')} />}
      {sources.length > 0 && <LiveTable sources={sources} />}
    </Card>
  )
}

function LiveTable({ sources }: { sources: readonly Source[] }) {
  const { t } = useTranslation()
  const format = useFormat()
  return (
    <DataTable
      caption={t('quality.live')}
      rows={sources}
      rowKey={(source) => source.source_id}
      columns={[
        {
          key: 'name',
          title: t('quality.source'),
          isHead: true,
          cell: (source) => (
            <Link to="/data/sources" search={{ source: source.source_id }}>
              {source.name}
            </Link>
          ),
        },
        {
          key: 'arrived',
          title: t('quality.arrived'),
          align: 'right',
          cell: ({ health }) => (
            <Marked isWarning={health.alert === 'silent'} note={health.alert === 'silent' ? t('quality.silent') : undefined}>
              {health.last_received_at ? format.relative(health.last_received_at) : t('quality.never')}
            </Marked>
          ),
        },
        { key: 'lag', title: t('quality.lag'), align: 'right', cell: ({ health }) => t('quality.seconds', { n: format.quantity(Math.round(health.lag_seconds * 10) / 10) }) },
        {
          key: 'hour',
          title: t('quality.last_hour'),
          align: 'right',
          cell: ({ health }) => (
            <Marked isWarning={health.alert === 'volume'} note={health.usual ? t('quality.usual', { low: format.countShort(health.usual.low), high: format.countShort(health.usual.high) }) : undefined}>
              {format.count(health.n_last_hour)}
            </Marked>
          ),
        },
        { key: 'received', title: t('quality.received_24h'), align: 'right', cell: ({ health }) => format.count(health.n_received_24h) },
        {
          key: 'rejected',
          title: t('quality.rejected_24h'),
          align: 'right',
          cell: ({ health }) => (
            <>
              {format.count(health.n_rejected_24h)}
              <Parts className="zk-below zk-muted" parts={Object.entries(health.rejected_by_reason).map(([reason, n]) => `${word(t, 'reason', reason)} ${format.count(n)}`)} />
            </>
          ),
        },
        { key: 'violations', title: t('quality.violations_24h'), align: 'right', cell: ({ health }) => format.count(health.n_violations_24h) },
      ]}
    />
  )
}
