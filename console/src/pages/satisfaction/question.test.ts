import { expect, test } from 'vitest'
import { FIRST_SATISFACTION, knownSatisfaction, type SatisfactionJson } from './question'

test('words of an address that are not known are as usual', () => {
  const raw = { kind: 'stars', by: 'year', dimension: 'height', segment: 'seg_1' } as unknown as SatisfactionJson
  expect(knownSatisfaction(raw)).toEqual({ ...FIRST_SATISFACTION, segment: 'seg_1' })
  const good: SatisfactionJson = { kind: 'csat', by: 'week', dimension: 'province' }
  expect(knownSatisfaction(good)).toEqual(good)
})
