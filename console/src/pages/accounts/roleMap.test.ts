import { expect, test } from 'vitest'
import { groupsOfAll, readRoleMap, roleMapText, rowsOfGroups } from './roleMap'

test('lines of groups and roles are read and written', () => {
  const map = { marketing: 'operator', 'cn=data,dc=corp': 'analyst' }
  expect(readRoleMap(roleMapText(map))).toEqual(map)
  expect(readRoleMap('\n marketing=operator \n\n')).toEqual({ marketing: 'operator' })
  expect(readRoleMap('')).toEqual({})
})

test('a line without a group or with an unknown role is none', () => {
  for (const text of ['marketing', '= operator', 'marketing = boss', 'a = analyst\nb']) expect(readRoleMap(text)).toBeUndefined()
})

test('only groups that have a role and of which something is said are sent', () => {
  const east = { provinces: ['浙江'], stores: [] }
  const everybody = { provinces: [], stores: [] }
  const rows = { east, head: everybody, gone: { provinces: [], stores: ['S1'] } }
  const map = { east: 'operator', head: 'analyst', new: 'analyst' }
  expect(rowsOfGroups(rows, [], map)).toEqual({ east })
  expect(rowsOfGroups(rows, ['head'], map)).toEqual({ east, head: everybody })
  expect(rowsOfGroups(rows, ['east', 'new', 'gone'], map)).toEqual({ east: everybody, new: everybody })
  expect(groupsOfAll(rows)).toEqual(['head'])
})
