import { describe, expect, it } from 'vitest'
import { breakdownOf, breakdownText, FIRST_FUNNEL, FIRST_PATHS, isWhole, partValue, readQuestion, sent } from './question'

describe('questions', () => {
  it('leaves out what has no value', () => {
    expect(sent({ a: undefined, b: '', c: [{ d: undefined, e: 1 }], f: { g: false } })).toEqual({ c: [{ e: 1 }], f: { g: false } })
  })

  it('reads an address, and takes what is usual for one that is none', () => {
    expect(readQuestion({ order: 'any' }, FIRST_FUNNEL)).toEqual({ ...FIRST_FUNNEL, order: 'any' })
    expect(readQuestion({ steps: 'no list' }, FIRST_FUNNEL)).toEqual(FIRST_FUNNEL)
    expect(readQuestion('x', FIRST_PATHS)).toEqual(FIRST_PATHS)
  })

  it('writes breakdowns and reads them again', () => {
    for (const text of ['field:channel', 'score:rfm.tier', 'segment:seg_1']) expect(breakdownText(breakdownOf(text))).toBe(text)
    expect(breakdownText({ field: 'channel', attribution: 2 })).toBe('field:channel')
    expect(breakdownOf('')).toBeUndefined()
  })

  it('names parts as the server reads them', () => {
    expect(partValue({ kind: 'value', value: 'app' })).toEqual({ value: 'app' })
    expect(partValue({ kind: 'other', value: null })).toBe('other')
  })

  it('knows which steps can be sent', () => {
    expect(isWhole({ of: 'orders' })).toBe(true)
    expect(isWhole({ of: 'events', where: [{ field: 'event', op: 'eq' }] })).toBe(false)
    expect(isWhole({ of: 'events', where: [{ field: 'event', op: 'in', value: [] }] })).toBe(false)
    expect(isWhole({ of: 'events', where: [{ field: 'event', op: 'eq', value: 'view' }] })).toBe(true)
  })
})
