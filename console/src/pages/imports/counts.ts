// The promise of every load: each row that was read is loaded, a duplicate, or in quarantine.
import type { LoadReport } from '../../api/types'

export type Counts = Pick<LoadReport, 'rows_read' | 'rows_loaded' | 'rows_duplicate' | 'rows_quarantined'>

/** How many rows are missing from the right-hand side; 0 when it adds up. */
export function rowsMissing({ rows_read, rows_loaded, rows_duplicate, rows_quarantined }: Counts): number {
  return rows_read - (rows_loaded + rows_duplicate + rows_quarantined)
}
