import { expect, it } from 'vitest'
import { daysOf, readRange } from './range'

it('counts presets back from the last day with data', () => {
  const days = (range: Parameters<typeof daysOf>[0]['range'], asOf: string) => Object.values(daysOf({ range, compare: 'prev' }, asOf))
  expect(days('last7d', '2026-11-21')).toEqual(['2026-11-15', '2026-11-21'])
  expect(days('last30d', '2026-03-01')).toEqual(['2026-01-31', '2026-03-01'])
  expect(days('this_month', '2026-11-21')).toEqual(['2026-11-01', '2026-11-21'])
  expect(days('last_month', '2026-03-31')).toEqual(['2026-02-01', '2026-02-28'])
  expect(days('last_month', '2026-01-01')).toEqual(['2025-12-01', '2025-12-31'])
})

it('reads a URL and falls back to the default where it makes no sense', () => {
  expect(readRange({})).toEqual({ range: 'last30d', compare: 'prev' })
  expect(readRange({ range: 'nonsense', compare: 'year' })).toEqual({ range: 'last30d', compare: 'year' })
  expect(readRange({ range: 'custom', from: '2026-01-01', to: '2026-02-01' })).toMatchObject({ range: 'custom', to: '2026-02-01' })
  expect(readRange({ range: 'custom', from: '2026-02-01', to: '2026-01-01' }).range).toBe('last30d')
  expect(readRange({ range: 'custom', from: '2026-02-31', to: '2026-03-01' }).range).toBe('last30d')
})
