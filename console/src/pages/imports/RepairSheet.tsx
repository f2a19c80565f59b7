// One quarantined row: what is wrong, its cells after a reason has been given, corrected and loaded again.
import { CloseOutlined } from '@ant-design/icons'
import { useMutation } from '@tanstack/react-query'
import { Button, Input } from 'antd'
import { useEffect, useId, useRef, useState, type SyntheticEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { replay, revealRow } from '../../api/queries'
import type { Mapping, QuarantineItem } from '../../api/types'
import { useMay } from '../../app/session'
import { useSettings } from '../../app/settings'
import { focusRow } from '../../ui/rowKeys'
import { ErrorNotice } from '../../ui/states'
import { word } from '../../words'
import { ColumnName } from './FieldName'
import { sayDetail, wrongHeaders } from './quarantined'

type Props = { batchId: string; mapping: Mapping; item: QuarantineItem; onClose: () => void; onStarted: (jobId: string) => void }

export function RepairSheet({ batchId, mapping, item, onClose, onStarted }: Props) {
  const { t } = useTranslation()
  const { lang } = useSettings()
  const dialog = useRef<HTMLDialogElement>(null)
  const id = useId()
  const [reason, setReason] = useState('')
  const [cells, setCells] = useState<(string | null)[]>()
  const maySee = useMay('profiles.unmask')
  const reveal = useMutation({ mutationFn: () => revealRow(batchId, item.row_no, reason.trim()), onSuccess: (row) => setCells(row.cells) })
  const save = useMutation({ mutationFn: () => replay(batchId, [{ row_no: item.row_no, cells: cells ?? null, kept: reveal.data?.masked ?? null }]), onSuccess: ({ job_id }) => onStarted(job_id) })
  const header = reveal.data?.header ?? []
  const wrong = wrongHeaders(mapping, item.column_name)
  const firstWrong = header.findIndex((name) => wrong.has(name))

  useEffect(() => {
    dialog.current?.showModal()
    return () => {
      setTimeout(() => focusRow(String(item.row_no)))
    }
  }, [item.row_no])

  const submit = (run: () => void) => (event: SyntheticEvent) => {
    event.preventDefault()
    run()
  }
  return (
    <dialog ref={dialog} className="zk-sheet" aria-labelledby={`${id}-title`} onClose={onClose}>
      <header className="zk-sheet-head">
        <h2 id={`${id}-title`}>{t('quarantine.repair_row', { row: item.row_no })}</h2>
        <button type="button" className="zk-icon-button" aria-label={t('quarantine.cancel')} onClick={onClose}>
          <CloseOutlined aria-hidden="true" />
        </button>
      </header>
      <div className="zk-sheet-body">
        <dl className="zk-facts">
          <div>
            <dt>{t('quarantine.reason')}</dt>
            <dd>{word(t, 'reason', item.reason_code)}</dd>
          </div>
          {item.column_name && (
            <div>
              <dt>{t('quarantine.column')}</dt>
              <dd>
                <ColumnName mapping={mapping} code={item.column_name} />
              </dd>
            </div>
          )}
          {item.detail && (
            <div>
              <dt>{t('quarantine.detail')}</dt>
              <dd>{sayDetail(t, item.detail)}</dd>
            </div>
          )}
          <div>
            <dt>{t('quarantine.what_to_do')}</dt>
            <dd>{lang === 'zh' ? item.reason_zh : item.reason_en}</dd>
          </div>
        </dl>
        {!cells && maySee && (
          <form className="zk-reveal" onSubmit={submit(() => reveal.mutate())}>
            <h3>{t('quarantine.reveal_title')}</h3>
            <p className="zk-muted">{t('quarantine.reveal_help')}</p>
            <label htmlFor={`${id}-reason`}>{t('quarantine.reveal_reason')}</label>
            <Input id={`${id}-reason`} value={reason} placeholder={t('quarantine.reveal_placeholder')} onChange={(event) => setReason(event.target.value)} />
            <Button htmlType="submit" type="primary" disabled={reason.trim().length < 2} loading={reveal.isPending}>
              {t('quarantine.reveal')}
            </Button>
            {reveal.isError && <ErrorNotice error={reveal.error} />}
          </form>
        )}
        {cells && (
          <form id={`${id}-cells`} className="zk-cells" onSubmit={submit(() => save.mutate())} autoComplete="off">
            <h3>{t('quarantine.cells')}</h3>
            <p className="zk-muted" role="status">
              {t('quarantine.revealed')}
            </p>
            {cells.map((cell, index) => {
              const isWrong = wrong.has(header[index] ?? '')
              const isMasked = reveal.data?.masked.includes(index)
              return (
                <div key={index} className={`zk-field ${isWrong ? 'zk-field-wrong' : ''}`}>
                  <label htmlFor={`${id}-${index}`}>
                    {header[index] ?? t('quarantine.cell', { n: index + 1 })}
                    {isWrong && <span className="zk-field-mark">{t('quarantine.this_column')}</span>}
                  </label>
                  <Input
                    id={`${id}-${index}`}
                    value={cell ?? ''}
                    autoFocus={index === Math.max(0, firstWrong)}
                    status={isWrong ? 'error' : ''}
                    disabled={isMasked}
                    title={isMasked ? t('quarantine.cell_masked') : undefined}
                    onChange={(event) => setCells(cells.map((old, at) => (at === index ? event.target.value || null : old)))}
                  />
                </div>
              )
            })}
            {save.isError && <ErrorNotice error={save.error} />}
          </form>
        )}
      </div>
      <footer className="zk-sheet-foot">
        <Button onClick={onClose}>{t('quarantine.cancel')}</Button>
        {cells && (
          <Button type="primary" htmlType="submit" form={`${id}-cells`} loading={save.isPending}>
            {t('quarantine.save')}
          </Button>
        )}
      </footer>
    </dialog>
  )
}
