// 数据密钥: whether keys of people's data are in use, and the switch for a suspected leak.
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Button, Input, Popconfirm } from 'antd'
import { useId, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { keysQuery, switchKeys } from '../../api/governance'
import type { EncryptionKeys } from '../../api/types'
import { useFormat } from '../../app/workspace'
import { Card } from '../../ui/Card'
import { DataTable, type Column } from '../../ui/DataTable'
import { Page } from '../../ui/Page'
import { ErrorNotice, Notice, Skeleton } from '../../ui/states'

type Epoch = EncryptionKeys['epochs'][number]
type Disabled = EncryptionKeys['disabled'][number]

export default function KeysPage() {
  const { t } = useTranslation()
  const query = useQuery(keysQuery)
  return (
    <Page title={t('data_keys.title')} question={t('data_keys.question')}>
      <Card title={t('data_keys.state')}>
        {query.isPending && <Skeleton rows={3} height={28} />}
        {query.isError && <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />}
        {query.data && <State disabled={query.data.disabled} />}
      </Card>
      {query.data && (
        <>
          <Card title={t(query.data.disabled.length > 0 ? 'data_keys.enable' : 'data_keys.disable')}>
            <Switch keys={query.data} />
          </Card>
          <Card title={t('data_keys.epochs')} hint={t('data_keys.epochs_hint')}>
            <Epochs keys={query.data} />
          </Card>
        </>
      )}
    </Page>
  )
}

function State({ disabled }: { disabled: readonly Disabled[] }) {
  const { t } = useTranslation()
  const format = useFormat()
  if (disabled.length === 0) return <Notice title={t('data_keys.in_use')} help={t('data_keys.in_use_help')} />
  return (
    <>
      {disabled.map((one) => (
        <Notice
          key={String(one.epoch)}
          tone="error"
          title={one.epoch === null ? t('data_keys.all_disabled') : t('data_keys.epoch_disabled', { n: one.epoch })}
          help={t('data_keys.disabled_help')}
          detail={t('data_keys.by', { who: one.by || '--', at: format.instant(one.at), why: one.reason || '--' })}
        />
      ))}
    </>
  )
}

/** One reason and the act that is possible now, for all keys or an epoch. */
function Switch({ keys }: { keys: EncryptionKeys }) {
  const { t } = useTranslation()
  const id = useId()
  const cache = useQueryClient()
  const [reason, setReason] = useState('')
  const disables = keys.disabled.length === 0
  const marks = keys.disabled.map((one) => (one.epoch === null ? '' : String(one.epoch)))
  const choices = disables ? ['', ...keys.epochs.map((one) => String(one.epoch))] : marks
  const [chosen, setChosen] = useState('')
  const which = choices.includes(chosen) ? chosen : (choices[0] ?? '')
  const save = useMutation({
    mutationFn: () => switchKeys(disables, { epoch: which === '' ? null : Number(which), reason: reason.trim() }),
    onSuccess: async () => {
      setReason('')
      // What every page could show has changed.
      await cache.invalidateQueries()
    },
  })
  const word = t(disables ? 'data_keys.disable' : 'data_keys.enable')
  return (
    <div className="zk-sheet-form">
      <p className="zk-muted">{t(disables ? 'data_keys.disable_help' : 'data_keys.enable_help')}</p>
      <label htmlFor={`${id}-which`}>{t('data_keys.which')}</label>
      <select id={`${id}-which`} className="zk-select" value={which} onChange={(event) => setChosen(event.target.value)}>
        {choices.map((each) => (
          <option key={each} value={each}>
            {each === '' ? t('data_keys.all') : t('data_keys.epoch_n', { n: each })}
          </option>
        ))}
      </select>
      <label htmlFor={`${id}-reason`}>{t('data_keys.reason')}</label>
      <Input id={`${id}-reason`} value={reason} maxLength={200} onChange={(event) => setReason(event.target.value)} />
      {save.error && <ErrorNotice error={save.error} />}
      <div className="zk-form-actions">
        <Popconfirm title={t(disables ? 'data_keys.disable_sure' : 'data_keys.enable_sure')} okText={word} cancelText={t('access.cancel')} onConfirm={() => save.mutate()} disabled={!reason.trim()}>
          <Button danger={disables} type={disables ? 'default' : 'primary'} disabled={!reason.trim()} loading={save.isPending}>
            {word}
          </Button>
        </Popconfirm>
      </div>
    </div>
  )
}

function Epochs({ keys }: { keys: EncryptionKeys }) {
  const { t } = useTranslation()
  const format = useFormat()
  const isOff = (row: Epoch) => keys.disabled.some((one) => one.epoch === null || one.epoch === row.epoch)
  const columns: Column<Epoch>[] = [
    { key: 'epoch', title: t('data_keys.epoch'), isHead: true, cell: (row) => t('data_keys.epoch_n', { n: row.epoch }) },
    { key: 'keys', title: t('data_keys.n_keys'), align: 'right', cell: (row) => format.count(row.n_keys) },
    { key: 'current', title: t('data_keys.seals'), cell: (row) => (row.is_current ? t('data_keys.current') : '--') },
    { key: 'state', title: t('data_keys.state'), cell: (row) => t(isOff(row) ? 'data_keys.off' : 'data_keys.on') },
  ]
  return <DataTable caption={t('data_keys.epochs')} columns={columns} rows={keys.epochs} rowKey={(row) => row.epoch} />
}
