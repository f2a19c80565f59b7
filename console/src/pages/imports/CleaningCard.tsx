// The first rows before and after cleaning: what would be changed, by which rule, and what would be set aside.
import { useQuery } from '@tanstack/react-query'
import type { TFunction } from 'i18next'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { cleaningQuery } from '../../api/queries'
import type { Cleaning, CleaningChange, CleaningRow, Mapping } from '../../api/types'
import { useFormat } from '../../app/workspace'
import { Card } from '../../ui/Card'
import { DataTable } from '../../ui/DataTable'
import { ErrorNotice, Notice, Skeleton } from '../../ui/states'
import { word } from '../../words'
import { isChanged, loadedColumns, placed } from './cleaning'
import { ColumnName, FieldName } from './FieldName'
import { sayDetail } from './quarantined'
import './cleaning.css'

type Props = { uploadId: string; sheet: string | undefined; mapping: Mapping }

export default function CleaningCard({ uploadId, sheet, mapping }: Props) {
  const { t } = useTranslation()
  const format = useFormat()
  const query = useQuery(cleaningQuery(uploadId, sheet, mapping))
  const [isChangedOnly, setChangedOnly] = useState(false)
  const { data } = query
  const rows = data?.rows ?? []
  const shown = isChangedOnly ? rows.filter(isChanged) : rows
  const counts = {
    n: format.count(rows.length),
    changed: format.count(rows.filter((row) => row.changes.length > 0).length),
    aside: format.count(rows.filter((row) => row.set_aside).length),
  }
  return (
    <Card
      title={t('cleaning.title')}
      hint={data && t('cleaning.hint', counts)}
      extra={
        <label className="zk-check">
          <input type="checkbox" checked={isChangedOnly} onChange={(event) => setChangedOnly(event.target.checked)} />
          {t('cleaning.only_changed')}
        </label>
      }
    >
      {query.isPending && <Skeleton rows={6} height={28} />}
      {query.isError && <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />}
      {data && shown.length === 0 && <Notice title={t('cleaning.none')} />}
      {data && shown.length > 0 && <Rows columns={data.columns} rows={shown} mapping={mapping} />}
    </Card>
  )
}

function Rows({ columns, rows, mapping }: Cleaning & { mapping: Mapping }) {
  const { t } = useTranslation()
  const loaded = loadedColumns({ columns })
  const placedRows = rows.map((row) => ({ row, ...placed(loaded, row) }))
  return (
    <div className="zk-cleaning">
      <DataTable
        caption={t('cleaning.title')}
        rows={placedRows}
        rowKey={({ row }) => row.row_no}
        keepsColumns
        maxHeight={520}
        columns={[
          { key: 'row', title: t('quarantine.row'), isHead: true, cell: ({ row }) => row.row_no },
          { key: 'fate', title: t('cleaning.fate'), cell: ({ row, rest }) => (row.set_aside || rest.length > 0 ? <Fate why={row.set_aside} rest={rest} mapping={mapping} /> : '--') },
          ...loaded.map(({ at: column, header, target }) => ({
            key: String(column),
            title: header,
            cell: ({ row, at }: (typeof placedRows)[number]) => {
              const [value, changes] = [row.cells[column] ?? '', at.get(column)]
              if (changes) return <Changed value={value} changes={changes} target={target} />
              return value === '' ? '--' : value
            },
          })),
        ]}
      />
    </div>
  )
}

/** A cell before and after; some rules only mark it. */
function Changed({ value, changes, target }: { value: string; changes: readonly CleaningChange[]; target: string }) {
  const { t } = useTranslation()
  const before = changes[0]?.before ?? ''
  const after = changes.at(-1)?.after ?? ''
  const said = after !== '' && target === 'status' ? word(t, 'order_status', after) : orEmpty(t, after)
  // What is called by its code may read as it was.
  const isMarked = said === before || changes.every((change) => change.before === change.after)
  const rules = new Set(changes.map((change) => word(t, 'rule', change.rule)))
  return (
    <>
      {isMarked ? (
        value
      ) : (
        <>
          {before !== '' && <del>{before}</del>} <ins>{said}</ins>
        </>
      )}
      <small className="zk-below">{[...rules].join(' · ')}</small>
    </>
  )
}

function orEmpty(t: TFunction, text: string): string {
  return text === '' ? t('mapping.empty') : text
}

/** Why a row would be set aside, and what is changed in it beside its cells. */
function Fate({ why, rest, mapping }: { why: CleaningRow['set_aside']; rest: readonly CleaningChange[]; mapping: Mapping }) {
  const { t } = useTranslation()
  return (
    <>
      {why && (
        <>
          <span className="zk-some-quarantined">{t('cleaning.set_aside', { reason: word(t, 'reason', why.reason_code) })}</span>
          <small className="zk-below">
            {why.column_name && <ColumnName mapping={mapping} code={why.column_name} />} {sayDetail(t, why.detail)}
          </small>
        </>
      )}
      {rest.map((change, index) => (
        <small key={index} className="zk-below">
          <FieldName entity={mapping.entity} code={change.column} />{' '}
          {change.before !== change.after && t('cleaning.becomes', { before: orEmpty(t, change.before), after: orEmpty(t, change.after) })} {word(t, 'rule', change.rule)}
        </small>
      ))}
    </>
  )
}
