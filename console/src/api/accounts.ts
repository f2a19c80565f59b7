// Who is signed in, users, roles and API keys: what their pages ask for, and under which key the answer is kept.
import { queryOptions } from '@tanstack/react-query'
import type { Client } from 'openapi-fetch'
import { ApiError, client, NOT_SIGNED_IN, unwrap } from './client'

export const ROLES = ['admin', 'analyst', 'operator', 'service', 'system_admin', 'security_admin', 'audit_admin'] as const
export type Role = (typeof ROLES)[number]
/** What can be allowed, as far as the console asks. */
export type Permission =
  | 'figures.read'
  | 'goals.write'
  | 'profiles.list'
  | 'profiles.read'
  | 'profiles.unmask'
  | 'profiles.tag'
  | 'segments.read'
  | 'segments.write'
  | 'tags.read'
  | 'tags.write'
  | 'data.refresh'
  | 'views.use'
  | 'exports.make'
  | 'imports.read'
  | 'imports.run'
  | 'sources.read'
  | 'sources.manage'
  | 'bindings.manage'
  | 'account.own'
  | 'consents.read'
  | 'consents.write'
  | 'requests.start'
  | 'erasure.approve'
  | 'requests.decide'
  | 'users.read'
  | 'users.manage'
  | 'roles.assign'
  | 'policy.change'
  | 'keys.manage'
/** How much of a column is seen. */
export type Shown = 'clear' | 'partial' | 'full'
/** What showing one whole takes. */
export type Unmask = 'reason' | 'approval' | 'never'

export type User = { user_id: string; name: string; display_name: string; roles: string[]; has_totp: boolean; must_change_password: boolean; provinces: string[]; stores: string[] }
export type Session = { user: User; permissions: string[]; idle_seconds: number; expires_at: string }
export type UserItem = User & { disabled: boolean; locked_until: string | null; last_seen_at: string | null; created_at: string }
export type UserChanges = Pick<User, 'display_name' | 'roles' | 'provinces' | 'stores'> & { disabled: boolean }
/** Who may not give roles leaves them out. */
export type NewUser = Pick<User, 'name' | 'display_name'> & Partial<Pick<User, 'roles' | 'provinces' | 'stores'>>
export type RoleItem = { role: string; zh: string; en: string; grants: Record<string, boolean>; shows: Record<string, Shown>; unmask: Record<string, Unmask>; min_group: number }
export type PermissionItem = { permission: string; zh: string; en: string }
export type RolesSheet = { roles: RoleItem[]; permissions: PermissionItem[]; separated: boolean }
export type ApiKey = { key_id: string; name: string; prefix: string; permissions: string[]; created_at: string; expires_at: string; last_used_at: string | null; owner: string }
export type NewApiKey = { name: string; permissions: string[]; days: number }

type Gives<Body> = { 200: { content: { 'application/json': Body } } }
type Makes<Body> = { 201: { content: { 'application/json': Body } } }
type Nothing = { 204: { content?: never } }
type Asks<Responses, Body = undefined, Path = undefined> = {
  parameters: Path extends undefined ? { path?: never } : { path: Path }
  responses: Responses
} & (Body extends undefined ? { requestBody?: never } : { requestBody: { content: { 'application/json': Body } } })
type AtUser = { user_id: string }

/** These paths in the form of the generated ones. */
type AccountPaths = {
  '/api/v1/setup': { get: Asks<Gives<{ needed: boolean }>>; post: Asks<Makes<Session>, { token: string; name: string; password: string }> }
  '/api/v1/session': { get: Asks<Gives<Session>>; post: Asks<Gives<Session>, { name: string; password: string; code?: string }>; delete: Asks<Nothing> }
  '/api/v1/account/password': { put: Asks<Nothing, { old: string; new: string }> }
  '/api/v1/account/totp': {
    post: Asks<Gives<{ secret: string; otpauth_url: string }>>
    put: Asks<Gives<{ recovery_codes: string[] }>, { code: string }>
    delete: Asks<Nothing, { password: string }>
  }
  '/api/v1/users': { get: Asks<Gives<{ items: UserItem[] }>>; post: Asks<Makes<{ user: UserItem; password: string }>, NewUser> }
  '/api/v1/users/{user_id}': { put: Asks<Gives<UserItem>, Partial<UserChanges>, AtUser> }
  '/api/v1/users/{user_id}/reset': { post: Asks<Gives<{ password: string }>, undefined, AtUser> }
  '/api/v1/users/{user_id}/unlock': { post: Asks<Nothing, undefined, AtUser> }
  '/api/v1/roles': { get: Asks<Gives<RolesSheet>>; put: Asks<Gives<RolesSheet>, { separated: boolean }> }
  '/api/v1/api-keys': { get: Asks<Gives<{ items: ApiKey[] }>>; post: Asks<Makes<{ key: string; api_key: ApiKey }>, NewApiKey> }
  '/api/v1/api-keys/{key_id}': { delete: Asks<Nothing, undefined, { key_id: string }> }
}

const accounts = client as unknown as Client<AccountPaths>
const atUser = (userId: string) => ({ path: { user_id: userId } })

/** Whether there is nobody yet who could sign in. */
export const setupQuery = queryOptions({
  queryKey: ['setup'],
  queryFn: ({ signal }) => unwrap(accounts.GET('/api/v1/setup', { signal })),
})

/** Who is signed in; `null` for nobody. It changes by signing in and out only, and is not asked for again by itself. */
export const sessionQuery = queryOptions({
  queryKey: ['session'],
  queryFn: ({ signal }): Promise<Session | null> =>
    unwrap(accounts.GET('/api/v1/session', { signal })).catch((error: unknown) => {
      if (error instanceof ApiError && error.code === NOT_SIGNED_IN) return null
      throw error
    }),
  staleTime: Infinity,
  gcTime: Infinity,
})

export function setUp(token: string, name: string, password: string) {
  return unwrap(accounts.POST('/api/v1/setup', { body: { token, name, password } }))
}

export function signIn(name: string, password: string, code: string | undefined) {
  return unwrap(accounts.POST('/api/v1/session', { body: { name, password, ...(code ? { code } : {}) } }))
}

/** Counts as a request of somebody who is there, which puts off the end of the session. */
export function staySignedIn() {
  return unwrap(accounts.GET('/api/v1/session'))
}

export function signOut() {
  return unwrap(accounts.DELETE('/api/v1/session'))
}

export function changePassword(old: string, next: string) {
  return unwrap(accounts.PUT('/api/v1/account/password', { body: { old, new: next } }))
}

export function startTotp() {
  return unwrap(accounts.POST('/api/v1/account/totp'))
}

export function confirmTotp(code: string) {
  return unwrap(accounts.PUT('/api/v1/account/totp', { body: { code } }))
}

export function removeTotp(password: string) {
  return unwrap(accounts.DELETE('/api/v1/account/totp', { body: { password } }))
}

export const usersQuery = queryOptions({
  queryKey: ['users'],
  queryFn: ({ signal }) => unwrap(accounts.GET('/api/v1/users', { signal })),
})

export function addUser(user: NewUser) {
  return unwrap(accounts.POST('/api/v1/users', { body: user }))
}

/** Changes what is named; the rest stays. */
export function changeUser(userId: string, changes: Partial<UserChanges>) {
  return unwrap(accounts.PUT('/api/v1/users/{user_id}', { params: atUser(userId), body: changes }))
}

export function resetUser(userId: string) {
  return unwrap(accounts.POST('/api/v1/users/{user_id}/reset', { params: atUser(userId) }))
}

export function unlockUser(userId: string) {
  return unwrap(accounts.POST('/api/v1/users/{user_id}/unlock', { params: atUser(userId) }))
}

export const rolesQuery = queryOptions({
  queryKey: ['roles'],
  queryFn: ({ signal }) => unwrap(accounts.GET('/api/v1/roles', { signal })),
})

export function separateAdministrators(separated: boolean) {
  return unwrap(accounts.PUT('/api/v1/roles', { body: { separated } }))
}

export const apiKeysQuery = queryOptions({
  queryKey: ['api-keys'],
  queryFn: ({ signal }) => unwrap(accounts.GET('/api/v1/api-keys', { signal })),
})

export function makeApiKey(key: NewApiKey) {
  return unwrap(accounts.POST('/api/v1/api-keys', { body: key }))
}

export function revokeApiKey(keyId: string) {
  return unwrap(accounts.DELETE('/api/v1/api-keys/{key_id}', { params: { path: { key_id: keyId } } }))
}
