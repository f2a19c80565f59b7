// Frequency by recency as a grid of cells: one stop for Tab, arrows inside, Enter opens the people.
import { useRef, useState, type KeyboardEvent } from 'react'
import { useTranslation } from 'react-i18next'
import type { RfmGrid } from '../../api/types'
import type { RfmMeasure } from '../../app/search'
import { useFormat } from '../../app/workspace'
import { addUp, measured, SCORES, type Cell } from './sums'

type Props = { grid: RfmGrid; measure: RfmMeasure; m?: number; onOpen: (cell: Cell) => void }

export function HeatGrid({ grid, measure, m, onOpen }: Props) {
  const { t } = useTranslation()
  const format = useFormat(grid.currency)
  const box = useRef<HTMLTableElement>(null)
  const [at, setAt] = useState<readonly [number, number]>([0, 0])
  // Recency grows to the right, frequency upwards: the best stand at the top right.
  const columns = SCORES.toReversed()
  const cells = SCORES.map((f) => columns.map((r) => ({ cell: { r, f, m }, total: addUp(grid, { r, f, m }) })))
  const most = Math.max(...cells.flat().map(({ total }) => measured(total, measure) ?? 0), 1)
  const write = (value: number) => (measure === 'people' ? format.countShort(value) : format.moneyShort(value))
  const title = m === undefined ? t('rfm.grid') : t('rfm.grid_m', { m })

  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] }[event.key]
    const edge = { Home: [at[0], 0], End: [at[0], SCORES.length - 1] }[event.key]
    if (!step && !edge) return
    event.preventDefault()
    const last = SCORES.length - 1
    const row = Math.min(last, Math.max(0, edge?.[0] ?? at[0] + (step?.[0] ?? 0)))
    const column = Math.min(last, Math.max(0, edge?.[1] ?? at[1] + (step?.[1] ?? 0)))
    setAt([row, column])
    box.current?.querySelector<HTMLElement>(`[data-at="${row}-${column}"]`)?.focus()
  }
  return (
    <table ref={box} className={`zk-heat ${m === undefined ? '' : 'zk-heat-small'}`} role="grid" aria-label={title} onKeyDown={onKeyDown}>
      <caption>{m === undefined ? <span className="zk-hidden">{title}</span> : title}</caption>
      <tbody>
        {cells.map((row, y) => (
          <tr key={SCORES[y]}>
            <th scope="row">F{SCORES[y]}</th>
            {row.map(({ cell, total }, x) => {
              const value = measured(total, measure)
              // No deeper than text stays readable on it, light or dark.
              const depth = value === undefined ? 0 : 0.06 + 0.52 * Math.sqrt(Math.max(value, 0) / most)
              const name = `R${cell.r} F${cell.f}${m === undefined ? '' : ` M${m}`}`
              const what = t('rfm.cell_says', {
                cell: name,
                n: format.people(total.isHidden ? null : total.n),
                ratio: format.ratio(total.ratio),
                money: format.money(total.cents / 100),
              })
              return (
                <td key={cell.r}>
                  <span className="zk-heat-fill" aria-hidden="true" style={{ opacity: depth }} />
                  <button
                    type="button"
                    data-at={`${y}-${x}`}
                    tabIndex={at[0] === y && at[1] === x ? 0 : -1}
                    title={what}
                    onFocus={() => setAt([y, x])}
                    onClick={() => total.n > 0 && onOpen(cell)}
                  >
                    <span className="zk-hidden">{name} </span>
                    <span>{value === undefined ? '' : write(value)} </span>
                    {m === undefined && <small>{total.isHidden ? format.people(null) : total.n === 0 ? '' : format.ratio(total.ratio)}</small>}
                  </button>
                </td>
              )
            })}
          </tr>
        ))}
      </tbody>
      <tfoot>
        <tr>
          <td />
          {columns.map((r) => (
            <th key={r} scope="col">
              R{r}
            </th>
          ))}
        </tr>
      </tfoot>
    </table>
  )
}
