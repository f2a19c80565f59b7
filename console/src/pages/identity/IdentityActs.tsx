// 人工判定: what was decided about who is who, and undoing it.
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Button, Popconfirm } from 'antd'
import { useTranslation } from 'react-i18next'
import { undoIdentityAct } from '../../api/identity'
import type { IdentityAct } from '../../api/types'
import { useMay } from '../../app/session'
import { useFormat } from '../../app/workspace'
import { Card } from '../../ui/Card'
import { DataTable, type Column } from '../../ui/DataTable'
import { ErrorNotice, Notice } from '../../ui/states'
import { People } from './People'

export function IdentityActs({ acts }: { acts: readonly IdentityAct[] }) {
  const { t } = useTranslation()
  const format = useFormat()
  const cache = useQueryClient()
  const mayDecide = useMay('identity.decide')
  // Whoever was one is two again: nothing that was counted before holds.
  const undo = useMutation({ mutationFn: undoIdentityAct, onSuccess: () => cache.invalidateQueries() })
  const columns: Column<IdentityAct>[] = [
    { key: 'kind', title: t('who.kind'), isHead: true, cell: (act) => (act.kind === 'merge' ? t('who.kind_merge') : t('who.kind_split')) },
    { key: 'reason', title: t('who.reason'), cell: (act) => act.reason },
    {
      key: 'customers',
      title: t('who.customers'),
      cell: (act) => <People ids={act.profile_ids} />,
    },
    { key: 'by', title: t('who.by'), cell: (act) => act.author },
    { key: 'at', title: t('who.at'), cell: (act) => format.instant(act.decided_at) },
    { key: 'state', title: t('who.state'), cell: (act) => (act.undone_at ? t('who.undone', { when: format.instant(act.undone_at), by: act.undone_by ?? '' }) : t('who.holds')) },
    {
      key: 'undo',
      title: '',
      cell: (act) =>
        mayDecide &&
        !act.undone_at && (
          <Popconfirm title={t('who.undo_sure')} okText={t('who.undo')} cancelText={t('access.cancel')} onConfirm={() => undo.mutate(act.act_id)} styles={{ root: { maxWidth: 420 } }}>
            <Button size="small" disabled={undo.isPending}>
              {t('who.undo')}
            </Button>
          </Popconfirm>
        ),
    },
  ]
  return (
    <Card title={t('who.acts')} hint={t('who.decide_hint')}>
      {acts.length === 0 ? <Notice title={t('who.no_acts')} help={t('who.no_acts_help')} /> : <DataTable caption={t('who.acts')} columns={columns} rows={acts} rowKey={(act) => act.act_id} />}
      {undo.error && <ErrorNotice error={undo.error} />}
    </Card>
  )
}
