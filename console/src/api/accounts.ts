// Who is signed in, users, roles and API keys: what their pages ask for, and under which key the answer is kept.
import { queryOptions } from '@tanstack/react-query'
import { ApiError, client, NOT_SIGNED_IN, unwrap } from './client'
import type { components } from './schema'

export const ROLES = ['admin', 'analyst', 'operator', 'service', 'system_admin', 'security_admin', 'audit_admin'] as const
export type Role = (typeof ROLES)[number]
/** What can be allowed, as far as the console asks. */
export type Permission =
  | 'figures.read'
  | 'goals.write'
  | 'profiles.list'
  | 'profiles.read'
  | 'profiles.unmask'
  | 'profiles.ask'
  | 'profiles.tag'
  | 'identity.decide'
  | 'segments.read'
  | 'segments.write'
  | 'tags.read'
  | 'tags.write'
  | 'data.refresh'
  | 'rules.write'
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
  | 'encryption.disable'
  | 'compliance.manage'
  | 'audit.read'
  | 'audit.security'
  | 'approvals.decide'
  | 'incidents.manage'
  | 'workspace.manage'
/** How much of a column is seen. */
export type Shown = 'clear' | 'partial' | 'full'
/** What showing one whole takes. */
export type Unmask = 'reason' | 'approval' | 'never'

type Schemas = components['schemas']
export type User = Schemas['SessionUser']
export type Session = Schemas['Session']
export type UserItem = Schemas['User']
export type UserChanges = Pick<UserItem, 'display_name' | 'roles' | 'provinces' | 'stores' | 'disabled'>
/** Who may not give roles leaves them out. */
export type NewUser = Pick<User, 'name' | 'display_name'> & Partial<Pick<User, 'roles' | 'provinces' | 'stores'>>
export type RoleItem = Omit<Schemas['Role'], 'shows' | 'unmask'> & { shows: Record<string, Shown>; unmask: Record<string, Unmask> }
export type RolesSheet = Omit<Schemas['Roles'], 'roles'> & { roles: RoleItem[] }
export type PermissionItem = Schemas['Permission']
export type ApiKey = Schemas['ApiKey']
export type NewApiKey = Schemas['CreateApiKey']
export type SsoState = Schemas['SsoState']
export type NewSso = Schemas['PutSso']

const UNCHANGED = { display_name: null, roles: null, provinces: null, stores: null, disabled: null }
const atUser = (userId: string) => ({ path: { user_id: userId } })

/** Whether there is nobody yet who could sign in. */
export const setupQuery = queryOptions({
  queryKey: ['setup'],
  queryFn: ({ signal }) => unwrap(client.GET('/api/v1/setup', { signal })),
})

/** Who is signed in; `null` for nobody. It changes by signing in and out only, and is not asked for again by itself. */
export const sessionQuery = queryOptions({
  queryKey: ['session'],
  queryFn: ({ signal }): Promise<Session | null> =>
    unwrap(client.GET('/api/v1/session', { signal })).catch((error: unknown) => {
      if (error instanceof ApiError && error.code === NOT_SIGNED_IN) return null
      throw error
    }),
  staleTime: Infinity,
  gcTime: Infinity,
})

export function setUp(token: string, name: string, password: string) {
  return unwrap(client.POST('/api/v1/setup', { body: { token, name, password } }))
}

export function signIn(name: string, password: string, code: string | undefined) {
  return unwrap(client.POST('/api/v1/session', { body: { name, password, code: code ?? null } }))
}

/** Leads to the identity provider and back: an address for the browser, not for a request of the page. */
export const SSO_START = '/api/v1/session/oidc/start'

/** The second factor of somebody whom the provider vouched for. */
export function signInByCode(code: string) {
  return unwrap(client.POST('/api/v1/session/oidc/code', { body: { code } }))
}

/** Counts as a request of somebody who is there, which puts off the end of the session. */
export function staySignedIn() {
  return unwrap(client.GET('/api/v1/session'))
}

export function signOut() {
  return unwrap(client.DELETE('/api/v1/session'))
}

export function changePassword(old: string, next: string) {
  return unwrap(client.PUT('/api/v1/account/password', { body: { old, new: next } }))
}

export function startTotp() {
  return unwrap(client.POST('/api/v1/account/totp'))
}

export function confirmTotp(code: string) {
  return unwrap(client.PUT('/api/v1/account/totp', { body: { code } }))
}

export function removeTotp(password: string) {
  return unwrap(client.DELETE('/api/v1/account/totp', { body: { password } }))
}

export const usersQuery = queryOptions({
  queryKey: ['users'],
  queryFn: ({ signal }) => unwrap(client.GET('/api/v1/users', { signal })),
})

export function addUser(user: NewUser) {
  return unwrap(client.POST('/api/v1/users', { body: { roles: null, provinces: null, stores: null, ...user } }))
}

/** Changes what is named; the rest stays. */
export function changeUser(userId: string, changes: Partial<UserChanges>) {
  return unwrap(client.PUT('/api/v1/users/{user_id}', { params: atUser(userId), body: { ...UNCHANGED, ...changes } }))
}

export function resetUser(userId: string) {
  return unwrap(client.POST('/api/v1/users/{user_id}/reset', { params: atUser(userId) }))
}

export function unlockUser(userId: string) {
  return unwrap(client.POST('/api/v1/users/{user_id}/unlock', { params: atUser(userId) }))
}

export const rolesQuery = queryOptions({
  queryKey: ['roles'],
  queryFn: ({ signal }) => unwrap(client.GET('/api/v1/roles', { signal })) as Promise<RolesSheet>,
})

export function separateAdministrators(separated: boolean) {
  return unwrap(client.PUT('/api/v1/roles', { body: { separated } })) as Promise<RolesSheet>
}

/** The identity provider that is set, and what it must know. */
export const ssoQuery = queryOptions({
  queryKey: ['sso'],
  queryFn: ({ signal }) => unwrap(client.GET('/api/v1/sso', { signal })),
})

export function setSso(sso: NewSso) {
  return unwrap(client.PUT('/api/v1/sso', { body: sso }))
}

export function removeSso() {
  return unwrap(client.DELETE('/api/v1/sso'))
}

export const apiKeysQuery = queryOptions({
  queryKey: ['api-keys'],
  queryFn: ({ signal }) => unwrap(client.GET('/api/v1/api-keys', { signal })),
})

export function makeApiKey(key: NewApiKey) {
  return unwrap(client.POST('/api/v1/api-keys', { body: key }))
}

export function revokeApiKey(keyId: string) {
  return unwrap(client.DELETE('/api/v1/api-keys/{key_id}', { params: { path: { key_id: keyId } } }))
}
