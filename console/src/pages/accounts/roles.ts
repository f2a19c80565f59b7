// What goes together in one person's roles.
import type { Role } from '../../api/accounts'

/** No one person holds two of these (GB/T 22239-2019 8.1.5). */
export const SEPARATED: readonly Role[] = ['system_admin', 'security_admin', 'audit_admin']

export type RoleConflict = 'two_of_three' | 'admin_of_three'

/** Why some roles do not go together; the administrator stands apart from the three only where they are separated. */
export function conflictOf(roles: readonly string[], separated: boolean): RoleConflict | undefined {
  const n = SEPARATED.filter((role) => roles.includes(role)).length
  if (n > 1) return 'two_of_three'
  return separated && n > 0 && roles.includes('admin') ? 'admin_of_three' : undefined
}

/** Permissions of one area, in the order of the table. */
export function byArea<T extends { permission: string }>(permissions: readonly T[]): [area: string, permissions: T[]][] {
  const areas = new Map<string, T[]>()
  for (const each of permissions) {
    const area = each.permission.split('.')[0] ?? ''
    areas.set(area, [...(areas.get(area) ?? []), each])
  }
  return [...areas]
}
