// Rows and columns as a real <table>: headings, row headings, right-aligned figures. On phones each row becomes a card;
// the roles are spelt out because a table laid out as blocks loses its own.
import { useRef, type Key, type MouseEvent, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { useRowKeys } from './rowKeys'

export type Column<Row> = {
  key: string
  title: ReactNode
  cell: (row: Row) => ReactNode
  align?: 'left' | 'right' | 'center'
  /** The cell names its row. */
  isHead?: boolean
  width?: number | string
  /**
   * On a phone, where a row is a card: `end` stands at the end of the heading's line, `line` takes a line of its own,
   * `plain` goes without its label, `none` is left out; otherwise label and value stand in the flow.
   */
  phone?: 'end' | 'line' | 'plain' | 'plain-line' | 'none'
  /** The column can be sorted by: how it is sorted now, what the button says, and what it does. */
  sort?: { is: 'ascending' | 'descending' | 'none'; label: string; onSort: () => void } | undefined
}

/** What stands where there is nothing; cards leave it out. */
const NO_VALUE = '--'

type Props<Row> = {
  /** Says what the table holds; read out, not shown. */
  caption: string
  columns: readonly Column<Row>[]
  rows: readonly Row[]
  rowKey: (row: Row) => Key
  /** Shown under the last row. */
  footer?: ReactNode
  /** Keeps columns on phones too, scrolling sideways. */
  keepsColumns?: boolean
  maxHeight?: number
  /** J and K step from row to row. */
  hasRowKeys?: boolean
  /** Opens a row beside the list: a click on the row, or Space on it. */
  onPeek?: ((row: Row) => void) | undefined
  /** The row that is open beside the list. */
  peeked?: Key | undefined
}

export function DataTable<Row>({ caption, columns, rows, rowKey, footer, keepsColumns = false, maxHeight, hasRowKeys = false, onPeek, peeked }: Props<Row>) {
  const { t } = useTranslation()
  const box = useRef<HTMLDivElement>(null)
  const peekAt = (at: number) => {
    const row = rows[at]
    if (row !== undefined) onPeek?.(row)
  }
  useRowKeys(box, hasRowKeys, onPeek && peekAt)
  const onRowClick = (event: MouseEvent<HTMLElement>, at: number) => {
    if ((event.target as Element).closest('a, button, input, label, select, summary')) return
    if (globalThis.getSelection?.()?.toString()) return // somebody is copying
    peekAt(at)
  }
  return (
    <div
      ref={box}
      className={`zk-table-box ${keepsColumns ? '' : 'zk-table-cards'}`}
      style={maxHeight ? { maxHeight } : undefined}
      role="group"
      aria-label={t('table.scroll', { title: caption })}
      tabIndex={0}
      data-row-keys={hasRowKeys ? '' : undefined}
    >
      <table className={`zk-table ${onPeek ? 'zk-table-opens' : ''}`} role="table">
        <caption className="zk-hidden">{caption}</caption>
        <thead role="rowgroup">
          <tr role="row">
            {columns.map((column) => (
              <th
                key={column.key}
                role="columnheader"
                scope="col"
                className={`zk-${column.align ?? 'left'}`}
                style={column.width ? { width: column.width } : undefined}
                aria-sort={column.sort?.is}
              >
                {column.sort ? (
                  <button type="button" className="zk-sort" title={column.sort.label} onClick={column.sort.onSort}>
                    {column.title}
                    <span aria-hidden="true">{column.sort.is === 'ascending' ? '↑' : column.sort.is === 'descending' ? '↓' : '↕'}</span>
                  </button>
                ) : (
                  column.title
                )}
              </th>
            ))}
          </tr>
        </thead>
        <tbody role="rowgroup">
          {rows.map((row, at) => {
            const key = rowKey(row)
            return (
              <tr
                key={key}
                role="row"
                data-row={String(key)}
                tabIndex={hasRowKeys ? -1 : undefined}
                className={peeked === key ? 'zk-peeked' : undefined}
                onClick={onPeek && ((event) => onRowClick(event, at))}
              >
                {columns.map((column) => {
                  const Cell = column.isHead ? 'th' : 'td'
                  const content = column.cell(row)
                  return (
                    <Cell
                      key={column.key}
                      role={column.isHead ? 'rowheader' : 'cell'}
                      scope={column.isHead ? 'row' : undefined}
                      className={`zk-${column.align ?? 'left'}${content === NO_VALUE && !column.isHead ? ' zk-no-value' : ''}`}
                      data-label={typeof column.title === 'string' ? column.title : undefined}
                      data-phone={column.phone}
                    >
                      {content}
                    </Cell>
                  )
                })}
              </tr>
            )
          })}
        </tbody>
      </table>
      {footer}
    </div>
  )
}
