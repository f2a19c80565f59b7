// Who is signed in, and what they may do. What somebody may not do is not offered; the server refuses it in any case.
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { sessionQuery, type Permission, type Session } from '../api/accounts'

/** The session of whoever is signed in. */
export function useSession(): Session | null | undefined {
  return useQuery(sessionQuery).data
}

export const isAllowed = (session: Session | null | undefined, permission: Permission): boolean => session?.permissions.includes(permission) ?? false

/** Whether whoever is signed in may do something. */
export function useMay(permission: Permission): boolean {
  return isAllowed(useSession(), permission)
}

/** What is in it is there for those who may. */
export function May({ to, children }: { to: Permission; children: ReactNode }) {
  return useMay(to) ? children : null
}

/** Somebody opened a page that is not for them. */
export class Forbidden extends Error {
  readonly permission: Permission

  constructor(permission: Permission) {
    super(permission)
    this.name = 'Forbidden'
    this.permission = permission
  }
}
