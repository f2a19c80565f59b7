// How the values of a tag are spread: bars that open the people, or the same numbers as a table.
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import type { TagSpread } from '../../api/types'
import type { View } from '../../app/search'
import { useFormat } from '../../app/workspace'
import { DataTable } from '../../ui/DataTable'
import { SmallGroups } from '../../ui/SmallGroups'
import { labelIn, numberIn, rangeIn } from './words'

type Props = {
  spread: TagSpread
  unit: string | null
  view: View
  /** Opens the people with a value, or with a number in a range; absent while there is nothing to open. */
  onValue?: (value: string) => void
  onBin?: (at: number) => void
  /** What takes the numbers away as a file. */
  save?: (rows: readonly { name: string; n: number | null }[]) => ReactNode
}
type Row = { key: string; name: string; n: number | null; open: (() => void) | undefined }

export function Distribution({ spread, unit, view, onValue, onBin, save }: Props) {
  const { t } = useTranslation()
  const format = useFormat()
  const ofValues: Row[] = spread.values.map((value) => ({ key: value.value, name: labelIn(value, format.lang), n: value.n_customers, open: onValue && (() => onValue(value.value)) }))
  const ofBins: Row[] = spread.bins.map((bin, at) => ({ key: String(at), name: rangeIn(t, bin, unit, format), n: bin.n_customers, open: onBin && (() => onBin(at)) }))
  const rows = ofBins.length > 0 ? ofBins : ofValues
  const isHidden = spread.is_suppressed || rows.some((row) => row.n === null)
  // What is left of the whole would tell what is hidden.
  const rest = isHidden ? 0 : (spread.n_customers ?? 0) - rows.reduce((sum, row) => sum + (row.n ?? 0), 0)
  const most = Math.max(...rows.map((row) => row.n ?? 0), 1)
  const share = (n: number | null) => format.ratioColumn(n === null || !spread.n_customers ? null : n / spread.n_customers)
  return (
    <>
      {view === 'table' ? (
        <DataTable
          caption={t('tags.spread')}
          rows={rest > 0 ? [...rows, { key: '', name: t('tags.other'), n: rest, open: undefined }] : rows}
          rowKey={(row) => row.key}
          keepsColumns
          columns={[
            { key: 'value', title: t('tags.value'), isHead: true, cell: (row) => <Name row={row} /> },
            { key: 'n', title: t('tags.people'), align: 'right', cell: (row) => format.people(row.n) },
            { key: 'share', title: t('tags.share'), align: 'right', cell: (row) => share(row.n) },
          ]}
        />
      ) : (
        <ul className="zk-spread">
          {rows.map((row) => (
            <li key={row.key} className="zk-bar-row">
              <span className="zk-bar-label">
                <Name row={row} />
              </span>
              <span className="zk-bar-track" aria-hidden="true">
                <span className="zk-bar" style={{ width: `${((row.n ?? 0) / most) * 100}%` }} />
              </span>
              <span className="zk-bar-value">
                {format.people(row.n)} <small>{share(row.n)}</small>
              </span>
            </li>
          ))}
        </ul>
      )}
      {view === 'chart' && rest > 0 && <p className="zk-muted">{t('tags.rest', { n: format.count(rest), share: share(rest) })}</p>}
      <SmallGroups isSuppressed={isHidden} />
      {save?.(rest > 0 ? [...rows, { name: t('tags.other'), n: rest }] : rows)}
      {spread.quartiles && <Quartiles quartiles={spread.quartiles} unit={unit} />}
    </>
  )
}

function Name({ row: { name, n, open } }: { row: Row }) {
  const { t } = useTranslation()
  if (!open || n === 0) return <>{name}</>
  return (
    <button type="button" className="zk-link" title={t('tags.see_people', { name })} onClick={open}>
      {name}
    </button>
  )
}

function Quartiles({ quartiles, unit }: { quartiles: readonly number[]; unit: string | null }) {
  const { t } = useTranslation()
  const format = useFormat()
  const names = [t('tags.smallest'), t('tags.quarter'), t('tags.median'), t('tags.three_quarters'), t('tags.largest')]
  return (
    <dl className="zk-quartiles">
      {names.map((name, at) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd className="zk-figures">{numberIn(t, quartiles[at] ?? 0, unit, format)}</dd>
        </div>
      ))}
    </dl>
  )
}
