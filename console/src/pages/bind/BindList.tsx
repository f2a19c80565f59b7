// The newest codes and where they stand.
import { useTranslation } from 'react-i18next'
import type { Binding } from '../../api/types'
import { useFormat } from '../../app/workspace'
import { DataTable } from '../../ui/DataTable'
import { Notice } from '../../ui/states'
import { word } from '../../words'

export function BindList({ bindings, peeked, onPeek }: { bindings: readonly Binding[]; peeked: string | undefined; onPeek: (binding: Binding) => void }) {
  const { t } = useTranslation()
  const format = useFormat()
  if (bindings.length === 0) return <Notice title={t('bind.none')} help={t('bind.none_help')} />
  return (
    <DataTable
      caption={t('bind.recent')}
      rows={bindings}
      rowKey={(binding) => binding.binding_id}
      hasRowKeys
      onPeek={onPeek}
      peeked={peeked}
      columns={[
        {
          key: 'for',
          title: t('bind.for'),
          isHead: true,
          cell: (binding) => (
            <button type="button" className="zk-link-button" onClick={() => onPeek(binding)}>
              {binding.store_id ?? binding.profile_id}
            </button>
          ),
        },
        { key: 'kind', title: t('bind.kind'), cell: (binding) => (binding.kind === 'store' ? t('bind.visit') : t('bind.member')) },
        { key: 'state', title: t('bind.state'), cell: (binding) => word(t, 'binding_state', binding.state) },
        { key: 'uses', title: t('bind.n_uses'), align: 'right', cell: (binding) => `${format.count(binding.n_uses)} / ${format.count(binding.max_uses)}` },
        { key: 'source', title: t('bind.source'), cell: (binding) => binding.source },
        { key: 'created', title: t('bind.created'), cell: (binding) => format.instant(binding.created_at) },
        { key: 'expires', title: t('bind.expires'), cell: (binding) => format.instant(binding.expires_at) },
      ]}
    />
  )
}
