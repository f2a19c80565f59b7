import { describe, expect, it } from 'vitest'
import { rowsOf, rulesOf } from './golden'

describe('rules of the golden record', () => {
  const rules = { default: { by: 'verified' as const }, fields: { name: { by: 'most_trusted' as const, sources: ['crm', '门店'] }, 'traits.size': { by: 'newest' as const } } }
  it('are read back as they were written', () => {
    const rows = rowsOf(rules, ['name', 'city'])
    expect(rows.map((row) => row.field)).toEqual(['', 'name', 'city', 'traits.size'])
    expect(rows[1]).toEqual({ field: 'name', by: 'most_trusted', sources: 'crm, 门店' })
    expect(rulesOf(rows)).toEqual(rules)
  })
  it('name sources where trust decides, each once, and nowhere else', () => {
    for (const sources of ['', ' , ', 'a，a']) expect(rulesOf([{ field: 'city', by: 'most_trusted', sources }])).toBeUndefined()
    expect(rulesOf([{ field: 'city', by: 'newest', sources: 'a' }])?.fields).toEqual({ city: { by: 'newest' } })
    expect(rulesOf([{ field: 'city', by: 'most_trusted', sources: 'a、b' }])?.fields.city?.sources).toEqual(['a', 'b'])
  })
})
