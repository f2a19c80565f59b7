// Where the changes of a row show: under a column of the file, or beside the row. Pure.
import type { Cleaning, CleaningChange, CleaningRow } from '../../api/types'
import { CONSENT, TRAITS } from './mapping'

/** A column that is loaded, by its place in the file. */
export type CleaningColumn = { at: number; header: string; target: string }

export function loadedColumns({ columns }: Pick<Cleaning, 'columns'>): CleaningColumn[] {
  return columns.flatMap(({ header, target }, at) => (target === null ? [] : [{ at, header, target }]))
}

/** What changes call a column. */
function nameOf({ header, target }: CleaningColumn): string {
  return target === TRAITS || target === CONSENT ? header : target
}

/** Of several columns of one target the first with a value changes. What belongs to none is of the row. */
export function placed(columns: readonly CleaningColumn[], row: Pick<CleaningRow, 'cells' | 'changes'>): { at: ReadonlyMap<number, CleaningChange[]>; rest: CleaningChange[] } {
  const at = new Map<number, CleaningChange[]>()
  const rest: CleaningChange[] = []
  for (const change of row.changes) {
    const named = columns.filter((column) => nameOf(column) === change.column)
    const column = named.find((each) => row.cells[each.at]) ?? named[0]
    if (column) at.set(column.at, [...(at.get(column.at) ?? []), change])
    else rest.push(change)
  }
  return { at, rest }
}

export function isChanged(row: CleaningRow): boolean {
  return row.changes.length > 0 || row.set_aside !== null
}
