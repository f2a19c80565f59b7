// 数据源: does everything that should send events send them?
import { useTranslation } from 'react-i18next'
import type { Source } from '../../api/types'
import { useFormat } from '../../app/workspace'
import { useColumns, type ChoosableColumn } from '../../ui/columns'
import { DataTable } from '../../ui/DataTable'
import { Notice } from '../../ui/states'
import { shortKey, stateOf, type HealthState } from './source'

const COLOUR: Record<HealthState, string> = { ok: 'success', quiet: 'warning', unusual: 'warning', trouble: 'error', never: 'text-3' }

type Props = { sources: readonly Source[]; now: number; peeked?: string | undefined; onPeek: (source: Source) => void }

export function SourceList({ sources, now, peeked, onPeek }: Props) {
  const { t } = useTranslation()
  const format = useFormat()
  const columns: ChoosableColumn<Source>[] = [
    {
      key: 'name',
      title: t('sources.name'),
      isHead: true,
      isFixed: true,
      cell: (source) => (
        <button type="button" className="zk-link-button" onClick={() => onPeek(source)}>
          {source.name}
        </button>
      ),
    },
    { key: 'health', title: t('sources.health'), cell: (source) => <Health source={source} now={now} /> },
    { key: 'last', title: t('sources.last'), cell: (source) => format.relative(source.health.last_received_at, now) },
    { key: 'received', title: t('sources.received'), align: 'right', cell: (source) => format.count(source.health.n_received_24h) },
    { key: 'rejected', title: t('sources.rejected'), align: 'right', cell: (source) => format.count(source.health.n_rejected_24h) },
    { key: 'lag', title: t('sources.lag'), align: 'right', cell: (source) => format.count(Math.round(source.health.lag_seconds)) },
    { key: 'key', title: t('sources.key'), cell: (source) => <code>{shortKey(source.write_key)}</code> },
  ]
  const { shown, chooser } = useColumns('sources', columns)
  if (sources.length === 0) return <Notice title={t('sources.none')} help={t('sources.none_help')} />
  return (
    <>
      <div className="zk-card-extra">{chooser}</div>
      <DataTable caption={t('sources.title')} rows={sources} rowKey={(source) => source.source_id} columns={shown} hasRowKeys onPeek={onPeek} peeked={peeked} />
    </>
  )
}

function Health({ source, now }: { source: Source; now: number }) {
  const { t } = useTranslation()
  if (!source.is_enabled) return <span className="zk-muted">{t('sources.off')}</span>
  const state = stateOf(source, now)
  return (
    <span className="zk-tag">
      <span className="zk-dot" style={{ background: `var(--zk-${COLOUR[state]})` }} />
      {t(`sources.${state}`)}
    </span>
  )
}
