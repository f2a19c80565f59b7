// A file of the people in a list: what it holds, what it is for, how far it is, where it is.
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Button, Input } from 'antd'
import { useId, useState, type SyntheticEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { approvalsQuery } from '../../api/watch'
import { cancelExport, columnsQuery, exportFile, exportQuery, startExport } from '../../api/customers'
import { useSettings } from '../../app/settings'
import { useFormat } from '../../app/workspace'
import { PurposeSelect } from '../../ui/PurposeSelect'
import { ProgressBar } from '../../ui/ProgressBar'
import { ErrorNotice, Notice } from '../../ui/states'
import { Sheet } from '../../ui/Sheet'
import type { Whom } from './spec'

type Props = { whom: Whom; sentence: string; total: number | null; onClose: () => void }
type Format = 'csv' | 'xlsx'

export default function ExportSheet({ whom, sentence, total, onClose }: Props) {
  const { t } = useTranslation()
  const { lang } = useSettings()
  const format = useFormat()
  const id = useId()
  const columns = useQuery(columnsQuery).data?.items ?? []
  const cache = useQueryClient()
  const [kind, setKind] = useState<Format>('csv')
  const [chosen, setChosen] = useState<readonly string[]>()
  const [purpose, setPurpose] = useState('')
  const [reason, setReason] = useState('')
  const [isAsked, setAsked] = useState(false)
  const usual = columns.filter((column) => column.is_usual).map((column) => column.key)
  const picked = chosen ?? usual
  const start = useMutation({
    mutationFn: () => startExport({ what: 'customers', format: kind, language: lang, purpose: purpose.trim(), reason: reason.trim() || null, columns: [...picked], ...whom }),
    // Whoever has asked for one sees approvals in the menu.
    onSuccess: () => cache.invalidateQueries({ queryKey: approvalsQuery.queryKey }),
  })
  const toggle = (key: string) => {
    const has = picked.includes(key)
    // In the order in which the server names them.
    setChosen(columns.map((column) => column.key).filter((each) => (each === key ? !has : picked.includes(each))))
  }
  const submit = (event: SyntheticEvent) => {
    event.preventDefault()
    setAsked(true)
    if (purpose.trim() && picked.length > 0) start.mutate()
  }
  const isMissing = isAsked && !purpose.trim()
  return (
    <Sheet title={t('customers.export_title')} closeLabel={t('customers.close')} onClose={onClose}>
      {start.data?.export_id && <Going exportId={start.data.export_id} onAgain={() => start.reset()} />}
      {start.data?.approval_id && (
        <Notice
          title={t('approvals.asked')}
          help={t('approvals.asked_help')}
          action={
            <Link to="/governance/approvals" search={{ approval: start.data.approval_id }}>
              {t('approvals.open')}
            </Link>
          }
        />
      )}
      {!start.data && (
        <form className="zk-sheet-form" onSubmit={submit}>
          <p>{t('customers.export_count', { n: format.people(total), what: sentence || t('customers.all_conditions') })}</p>
          <p className="zk-muted">{t('customers.export_help')}</p>
          <label htmlFor={`${id}-purpose`}>{t('customers.export_purpose')}</label>
          <PurposeSelect id={`${id}-purpose`} value={purpose} isMissing={isMissing} describedBy={isMissing ? `${id}-missing` : undefined} onChange={setPurpose} />
          {isMissing && (
            <p id={`${id}-missing`} className="zk-rule-open" role="alert">
              {t('customers.export_purpose_missing')}
            </p>
          )}
          <label htmlFor={`${id}-reason`}>{t('customers.export_reason')}</label>
          <Input id={`${id}-reason`} value={reason} maxLength={500} onChange={(event) => setReason(event.target.value)} />
          <fieldset className="zk-choices">
            <legend>{t('customers.export_format')}</legend>
            {(['csv', 'xlsx'] as const).map((each) => (
              <label key={each} className="zk-check">
                <input type="radio" name={`${id}-format`} checked={kind === each} onChange={() => setKind(each)} />
                {t(`customers.export_${each}`)}
              </label>
            ))}
          </fieldset>
          <fieldset className="zk-choices zk-choices-many">
            <legend>{t('customers.export_columns')}</legend>
            {columns.map((column) => (
              <label key={column.key} className="zk-check">
                <input type="checkbox" checked={picked.includes(column.key)} onChange={() => toggle(column.key)} />
                {lang === 'zh' ? column.label_zh : column.label}
              </label>
            ))}
          </fieldset>
          {start.error && <ErrorNotice error={start.error} />}
          <div className="zk-form-actions">
            <Button type="primary" htmlType="submit" disabled={picked.length === 0} loading={start.isPending}>
              {t('customers.export_start')}
            </Button>
          </div>
        </form>
      )}
    </Sheet>
  )
}

function Going({ exportId, onAgain }: { exportId: string; onAgain: () => void }) {
  const { t } = useTranslation()
  const { lang } = useSettings()
  const format = useFormat()
  const [isTaken, setTaken] = useState(false)
  const query = useQuery({ ...exportQuery(exportId), enabled: !isTaken })
  const cancel = useMutation({ mutationFn: () => cancelExport(exportId), onSettled: () => query.refetch() })
  const { data } = query
  const again = <Button onClick={onAgain}>{t('customers.export_again')}</Button>
  if (isTaken) return <Notice title={t('customers.export_taken')} action={again} />
  if (query.isError) return <ErrorNotice error={query.error} onRetry={onAgain} />
  if (data?.state === 'cancelled') return <Notice title={t('customers.export_cancelled')} action={again} />
  if (data?.state === 'failed') return <Notice tone="error" title={t('customers.export_failed')} help={(lang === 'zh' ? data.error_zh : data.error) ?? undefined} action={again} />
  if (data?.state === 'done') {
    return (
      <Notice
        title={t('customers.export_done', { n: format.count(data.rows_done), size: format.bytes(data.n_bytes ?? 0) })}
        help={t('customers.export_once')}
        action={
          <a className="zk-button zk-button-primary" href={exportFile(exportId)} download={data.file_name ?? ''} onClick={() => setTaken(true)}>
            {t('customers.export_download')}
          </a>
        }
      />
    )
  }
  const total = data?.rows_total
  const text = data?.state === 'writing' ? t('customers.export_writing', { done: format.count(data.rows_done), total: format.count(total ?? 0) }) : t('customers.export_waiting')
  return (
    <div className="zk-sheet-form" role="status">
      <p>{text}</p>
      <ProgressBar label={text} share={total ? (data?.rows_done ?? 0) / total : undefined} />
      <div className="zk-form-actions">
        <Button loading={cancel.isPending} onClick={() => cancel.mutate()}>
          {t('customers.export_cancel')}
        </Button>
      </div>
    </div>
  )
}
