// Which group has which role, as lines of text: group = role.
import { ROLES } from '../../api/accounts'

export const roleMapText = (map: Readonly<Record<string, string>>): string =>
  Object.entries(map)
    .map(([group, role]) => `${group} = ${role}`)
    .join('\n')

/** The map that lines say; nothing when one of them says none. Groups may hold anything but the last equals sign. */
export function readRoleMap(text: string): Record<string, string> | undefined {
  const map: Record<string, string> = {}
  for (const line of text.split('\n').filter((each) => each.trim() !== '')) {
    const at = line.lastIndexOf('=')
    const group = line.slice(0, Math.max(at, 0)).trim()
    const role = ROLES.find((each) => each === line.slice(at + 1).trim())
    if (group === '' || role === undefined) return undefined
    map[group] = role
  }
  return map
}

type Rows = { provinces: string[]; stores: string[] }

const isAll = (of: Rows): boolean => of.provinces.length + of.stores.length === 0

/** The groups that are bound to all customers. */
export const groupsOfAll = (rows: Readonly<Record<string, Rows>>): string[] => Object.entries(rows).flatMap(([group, of]) => (isAll(of) ? [group] : []))

/** Which customers the groups of a map see: some, or all of them; groups of which nothing is said, and those that have gone, are left out. */
export const rowsOfGroups = (rows: Readonly<Record<string, Rows>>, ofAll: readonly string[], map: Readonly<Record<string, string>>): Record<string, Rows> =>
  Object.fromEntries(
    Object.keys(map).flatMap((group) => {
      const of = rows[group]
      if (ofAll.includes(group)) return [[group, { provinces: [], stores: [] }]]
      return of && !isAll(of) ? [[group, of]] : []
    }),
  )
