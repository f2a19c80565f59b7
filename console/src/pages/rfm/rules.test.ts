import { describe, expect, it } from 'vitest'
import { CUTS, cutsOf, groupsOf, limitsOf, withRange } from './rules'

describe('the eight groups', () => {
  it('say from which limits they were made', () => {
    for (const r of CUTS) for (const f of CUTS) for (const m of CUTS) expect(cutsOf(groupsOf({ r, f, m }))).toEqual({ r, f, m })
  })

  it('that are made otherwise have none', () => {
    const groups = groupsOf({ r: 4, f: 4, m: 4 })
    expect(cutsOf(groups.slice(1))).toBeUndefined()
    expect(cutsOf(groups.map((group) => (group.segment === 'lost' ? { ...group, when: { ...group.when, sum: [3, 9] as [number, number] } } : group)))).toBeUndefined()
  })
})

describe('what is typed', () => {
  it('becomes limits, or none', () => {
    const texts = { recency_days: ['30', ' 60', '90', '180'], frequency: ['10', '7', '4', '2'], monetary: ['100.50', '50', '20', '5'] }
    expect(limitsOf(texts)).toEqual({ recency_days: [30, 60, 90, 180], frequency: [10, 7, 4, 2], monetary: ['100.50', '50', '20', '5'] })
    expect(limitsOf({ ...texts, monetary: ['1,000', '50', '20', '5'] })).toBeUndefined()
    expect(limitsOf({ ...texts, frequency: ['', '7', '4', '2'] })).toBeUndefined()
  })

  it('that says any score is not written', () => {
    expect(withRange({ r: [4, 5], m: [3, 5] }, 'r', [1, 5])).toEqual({ m: [3, 5] })
    expect(withRange({ m: [3, 5] }, 'f', [2, 3])).toEqual({ m: [3, 5], f: [2, 3] })
  })
})
