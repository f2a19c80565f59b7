import { describe, expect, it } from 'vitest'
import { limitsOf, matchingOf, matchingTexts, textsOf } from './rules'

describe('limits', () => {
  it('are read back as they were written', () => {
    const rules = { version: 1, limits: { phone: 5, member_id: null }, unique: ['id_number'], matching: { is_on: true, join_from: 0.95, review_from: 0.5 } }
    const texts = textsOf(rules)
    expect(Object.keys(texts)[0]).toBe('member_id')
    expect(limitsOf(texts)).toMatchObject({ phone: 5, member_id: null })
  })
  it('are whole numbers from 1 to 62', () => {
    for (const bad of ['0', '63', '1.5', 'x']) expect(limitsOf({ phone: bad })).toBeUndefined()
    expect(limitsOf({ phone: ' 62 ', email: '' })).toEqual({ phone: 62, email: null })
  })
})

describe('thresholds', () => {
  const matching = { is_on: true, join_from: 0.95, review_from: 0.5 }
  it('are written in per cent and read back', () => {
    const texts = matchingTexts({ version: 1, limits: {}, unique: [], matching })
    expect(texts).toEqual({ isOn: true, join: '95', review: '50' })
    expect(matchingOf(texts)).toEqual(matching)
    expect(matchingOf({ ...texts, join: '99.5' })?.join_from).toBeCloseTo(0.995)
  })
  it('are probabilities, joining no less than reviewing', () => {
    for (const bad of ['', '19', '101', 'x', '49']) expect(matchingOf({ isOn: true, join: bad, review: '50' })).toBeUndefined()
  })
})
