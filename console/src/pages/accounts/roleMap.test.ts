import { expect, test } from 'vitest'
import { readRoleMap, roleMapText, rowsOfGroups } from './roleMap'

test('lines of groups and roles are read and written', () => {
  const map = { marketing: 'operator', 'cn=data,dc=corp': 'analyst' }
  expect(readRoleMap(roleMapText(map))).toEqual(map)
  expect(readRoleMap('\n marketing=operator \n\n')).toEqual({ marketing: 'operator' })
  expect(readRoleMap('')).toEqual({})
})

test('a line without a group or with an unknown role is none', () => {
  for (const text of ['marketing', '= operator', 'marketing = boss', 'a = analyst\nb']) expect(readRoleMap(text)).toBeUndefined()
})

test('only groups that have a role and are bound to some customers are sent', () => {
  const east = { provinces: ['浙江'], stores: [] }
  const rows = { east, head: { provinces: [], stores: [] }, gone: { provinces: [], stores: ['S1'] } }
  expect(rowsOfGroups(rows, { east: 'operator', head: 'analyst' })).toEqual({ east })
})
