import { describe, expect, it } from 'vitest'
import { limitsOf, textsOf } from './rules'

describe('limits', () => {
  it('are read back as they were written', () => {
    const rules = { version: 1, limits: { phone: 5, member_id: null }, unique: ['id_number'] }
    const texts = textsOf(rules)
    expect(Object.keys(texts)[0]).toBe('member_id')
    expect(limitsOf(texts)).toMatchObject({ phone: 5, member_id: null })
  })
  it('are whole numbers from 1 to 62', () => {
    for (const bad of ['0', '63', '1.5', 'x']) expect(limitsOf({ phone: bad })).toBeUndefined()
    expect(limitsOf({ phone: ' 62 ', email: '' })).toEqual({ phone: 62, email: null })
  })
})
