import { describe, expect, it } from 'vitest'
import { fitsAddress, isFiltered, partsOf, placeOf, whomOf, withoutPart } from './spec'

const twice = { measure: { of: 'orders' }, op: 'ge', value: 2 }
const east = { trait: 'province', op: 'in', value: ['浙江'] }

describe('the state of the list', () => {
  it('asks for nothing when it says nothing', () => {
    expect(whomOf({}, undefined)).toEqual({ filter: {} })
    expect(isFiltered({ sort: 'frequency' })).toBe(false)
    expect(isFiltered({ spec: 'viw_1' })).toBe(true)
  })

  it('opens a kept view without its columns, and a long rule by its id', () => {
    expect(placeOf({ view_id: 'viw_1', state: { rule: twice, tier: 'core', columns: { city: false } } as never })).toEqual({ tier: 'core', rule: twice })
    const long = { all: Array.from({ length: 60 }, () => east) }
    expect(placeOf({ view_id: 'viw_2', state: { rule: long, sort: 'frequency' } as never })).toEqual({ sort: 'frequency', spec: 'viw_2' })
  })

  it('turns a figure into the filters of its people', () => {
    const days = { from: '2026-01-01', to: '2026-01-31' }
    expect(whomOf({ behind: 'repurchase_rate', ...days, tier: 'core' }, undefined).filter).toEqual({ tier: 'core', ordered_from: days.from, ordered_to: days.to, min_orders: 2 })
    expect(whomOf({ behind: 'refund_rate', ...days }, undefined).filter).toEqual({ refunded_from: days.from, refunded_to: days.to })
    expect(whomOf({ behind: 'new_customers', ...days }, undefined).filter).toEqual({ first_ordered_from: days.from, first_ordered_to: days.to })
  })

  it('sorts only when told to', () => {
    expect(whomOf({ sort: 'last_ordered_at' }, undefined).sort).toEqual({ by: 'last_ordered_at' })
    expect(whomOf({ asc: true }, undefined).sort).toEqual({ desc: false })
  })
})

describe('parts of a rule', () => {
  it('are taken away one by one', () => {
    expect(partsOf({ all: [twice, east] })).toEqual([twice, east])
    expect(withoutPart({ all: [twice, east] }, 0)).toEqual({ all: [east] })
    expect(withoutPart({ all: [east] }, 0)).toBeUndefined()
    expect(partsOf({ any: [twice, east] })).toEqual([{ any: [twice, east] }])
    expect(withoutPart(twice, 0)).toBeUndefined()
  })

  it('fit an address only when they are short', () => {
    expect(fitsAddress(twice)).toBe(true)
    expect(fitsAddress({ all: Array.from({ length: 20 }, () => east) })).toBe(false)
  })
})
