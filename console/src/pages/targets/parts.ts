// Parts of a target by where they stand.
import type { TargetPart } from '../../api/targets'

const isSame = (a: readonly string[], b: readonly string[]) => a.length === b.length && a.every((value, at) => value === b[at])

export const partAt = (parts: readonly TargetPart[], path: readonly string[]): TargetPart | undefined => parts.find((part) => isSame(part.path, path))

/** What a part is split to, the largest first. */
export function partsOf(parts: readonly TargetPart[], path: readonly string[]): TargetPart[] {
  return parts.filter((part) => part.path.length === path.length + 1 && isSame(part.path.slice(0, -1), path)).sort((a, b) => b.amount - a.amount)
}

/** A number as somebody types it; `undefined` for what is none, `null` for nothing. */
export function typed(text: string): number | null | undefined {
  const plain = text.replaceAll(/[,，¥￥\s]/g, '')
  if (plain === '') return null
  const number = Number(plain)
  return Number.isFinite(number) && number >= 0 ? number : undefined
}

/** So many whole months after the month of a day. */
export function monthsAfter(day: string, n: number): { from: string; to: string } {
  const [year = 1970, month = 1] = day.split('-').map(Number)
  const at = (months: number, dayOfMonth: number) => new Date(Date.UTC(year, month - 1 + months, dayOfMonth)).toISOString().slice(0, 10)
  return { from: at(1, 1), to: at(1 + n, 0) }
}
