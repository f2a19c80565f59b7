// Which segments changed most. Pure.
import type { SegmentSize } from '../../api/types'

type Sized = { id: string; name: string; sizes: readonly Pick<SegmentSize, 'n_members' | 'n_joined' | 'n_gone'>[] }
export type SegmentChange = { id: string; name: string; now: number; by: number }

/** The largest changes from the size before to the newest one, first; those that did not change, or may not be told, are left out. */
export function largestChanges(segments: readonly Sized[], n: number): SegmentChange[] {
  return segments
    .flatMap(({ id, name, sizes }) => {
      const last = sizes.at(-1)
      // The first size is no change; what may not be told is null.
      if (!last || sizes.length < 2 || last.n_members === null || last.n_joined === null || last.n_gone === null) return []
      const by = last.n_joined - last.n_gone
      return by === 0 ? [] : [{ id, name, now: last.n_members, by }]
    })
    .sort((a, b) => Math.abs(b.by) - Math.abs(a.by))
    .slice(0, n)
}
