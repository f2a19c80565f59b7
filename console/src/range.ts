// Date ranges of an analysis. A preset stays a preset in the URL and is turned into days only here, counted back from
// the day up to which data reach.

export const PRESETS = ['last7d', 'last30d', 'last90d', 'this_month', 'last_month', 'custom'] as const
export type Preset = (typeof PRESETS)[number]

export const COMPARES = ['prev', 'year'] as const
export type Compare = (typeof COMPARES)[number]

export type RangeSearch = { range: Preset; compare: Compare; from?: string | undefined; to?: string | undefined }
export type Days = { from: string; to: string }

export const DEFAULT_RANGE: RangeSearch = { range: 'last30d', compare: 'prev' }

const DAY = /^\d{4}-\d{2}-\d{2}$/

/** Reads a range from a URL; what makes no sense falls back to the default. */
export function readRange(search: Record<string, unknown>): RangeSearch {
  const compare = COMPARES.find((each) => each === search.compare) ?? DEFAULT_RANGE.compare
  const range = PRESETS.find((each) => each === search.range) ?? DEFAULT_RANGE.range
  if (range !== 'custom') return { range, compare }
  const { from, to } = search
  if (!isDay(from) || !isDay(to) || from > to) return { ...DEFAULT_RANGE, compare }
  return { range, compare, from, to }
}

/** The days of a range, given the last day that has data. */
export function daysOf(search: RangeSearch, asOf: string): Days {
  const month = asOf.slice(0, 7)
  switch (search.range) {
    case 'last7d':
      return { from: shift(asOf, -6), to: asOf }
    case 'last30d':
      return { from: shift(asOf, -29), to: asOf }
    case 'last90d':
      return { from: shift(asOf, -89), to: asOf }
    case 'this_month':
      return { from: `${month}-01`, to: asOf }
    case 'last_month': {
      const to = shift(`${month}-01`, -1)
      return { from: `${to.slice(0, 7)}-01`, to }
    }
    case 'custom':
      return { from: search.from ?? asOf, to: search.to ?? asOf }
  }
}

/** A day some days later (or earlier). */
export function shift(day: string, n: number): string {
  const at = new Date(`${day}T00:00:00Z`)
  at.setUTCDate(at.getUTCDate() + n)
  return at.toISOString().slice(0, 10)
}

function isDay(value: unknown): value is string {
  if (typeof value !== 'string' || !DAY.test(value)) return false
  const at = new Date(`${value}T00:00:00Z`)
  return !Number.isNaN(at.getTime()) && at.toISOString().startsWith(value)
}
