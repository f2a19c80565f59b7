// Rows and columns as a real <table>: headings, row headings, right-aligned figures. On phones each row becomes a card;
// the roles are spelt out because a table laid out as blocks loses its own.
import type { Key, ReactNode } from 'react'
import { useTranslation } from 'react-i18next'

export type Column<Row> = {
  key: string
  title: ReactNode
  cell: (row: Row) => ReactNode
  align?: 'left' | 'right' | 'center'
  /** The cell names its row. */
  isHead?: boolean
  width?: number | string
}

type Props<Row> = {
  /** Says what the table holds; read out, not shown. */
  caption: string
  columns: Column<Row>[]
  rows: readonly Row[]
  rowKey: (row: Row) => Key
  /** Shown under the last row. */
  footer?: ReactNode
  /** Keeps columns on phones too, scrolling sideways. */
  keepsColumns?: boolean
  maxHeight?: number
}

export function DataTable<Row>({ caption, columns, rows, rowKey, footer, keepsColumns = false, maxHeight }: Props<Row>) {
  const { t } = useTranslation()
  return (
    <div
      className={`zk-table-box ${keepsColumns ? '' : 'zk-table-cards'}`}
      style={maxHeight ? { maxHeight } : undefined}
      role="group"
      aria-label={t('table.scroll', { title: caption })}
      tabIndex={0}
    >
      <table className="zk-table" role="table">
        <caption className="zk-hidden">{caption}</caption>
        <thead role="rowgroup">
          <tr role="row">
            {columns.map((column) => (
              <th key={column.key} role="columnheader" scope="col" className={`zk-${column.align ?? 'left'}`} style={column.width ? { width: column.width } : undefined}>
                {column.title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody role="rowgroup">
          {rows.map((row) => (
            <tr key={rowKey(row)} role="row">
              {columns.map((column) => {
                const Cell = column.isHead ? 'th' : 'td'
                return (
                  <Cell
                    key={column.key}
                    role={column.isHead ? 'rowheader' : 'cell'}
                    scope={column.isHead ? 'row' : undefined}
                    className={`zk-${column.align ?? 'left'}`}
                    data-label={typeof column.title === 'string' ? column.title : undefined}
                  >
                    {column.cell(row)}
                  </Cell>
                )
              })}
            </tr>
          ))}
        </tbody>
      </table>
      {footer}
    </div>
  )
}
