// Who did what, what waits for a second person, what went wrong.
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { client, unwrap } from './client'
import type { AuditSearch } from '../app/search'
import type { PutHooks } from './types'

/** The trail, a page at a time. What is empty filters nothing. */
export function auditQuery(search: AuditSearch) {
  const { who, action, on, since, until } = search
  const filter = Object.fromEntries(Object.entries({ who, action, on, since, until }).filter(([, value]) => value))
  return infiniteQueryOptions({
    queryKey: ['audit', filter],
    queryFn: ({ signal, pageParam }) => unwrap(client.GET('/api/v1/audit', { params: { query: { ...filter, limit: 50, ...(pageParam ? { before: pageParam } : {}) } }, signal })),
    initialPageParam: 0,
    getNextPageParam: (page) => page.next ?? undefined,
  })
}

/** What can be looked for. */
export const actsQuery = queryOptions({
  queryKey: ['audit-acts'],
  queryFn: ({ signal }) => unwrap(client.GET('/api/v1/audit/acts', { signal })),
  staleTime: Infinity,
})

export const verifyQuery = queryOptions({
  queryKey: ['audit-verify'],
  queryFn: ({ signal }) => unwrap(client.GET('/api/v1/audit/verify', { signal })),
  staleTime: 300_000,
})

/** Which exports a file comes from. */
export function traceFile(file: File) {
  // The contract says bytes, which its types call numbers.
  return unwrap(client.POST('/api/v1/audit/trace', { body: [], bodySerializer: () => file, headers: { 'content-type': 'application/octet-stream' } }))
}

export const approvalsQuery = queryOptions({
  queryKey: ['approvals'],
  queryFn: ({ signal }) => unwrap(client.GET('/api/v1/approvals', { signal })),
  refetchInterval: 60_000,
})

export function decideApproval(approvalId: string, approve: boolean, note: string) {
  return unwrap(client.POST('/api/v1/approvals/{approval_id}/decide', { params: { path: { approval_id: approvalId } }, body: { approve, note: note || null } }))
}

/** Makes the file that was approved; its password is told once. */
export function makeApproved(approvalId: string) {
  return unwrap(client.POST('/api/v1/approvals/{approval_id}/export', { params: { path: { approval_id: approvalId } } }))
}

export const hooksQuery = queryOptions({
  queryKey: ['incident-hooks'],
  queryFn: ({ signal }) => unwrap(client.GET('/api/v1/incident-hooks', { signal })),
})

/** Puts other addresses in force, beside those whose ids are kept; the answer holds the secret that signs notices, once. */
export function putHooks(next: PutHooks) {
  return unwrap(client.PUT('/api/v1/incident-hooks', { body: next }))
}

/** Sends a notice of no incident to every address. */
export function testHooks() {
  return unwrap(client.POST('/api/v1/incident-hooks/test'))
}

export const incidentsQuery = queryOptions({
  queryKey: ['incidents'],
  queryFn: ({ signal }) => unwrap(client.GET('/api/v1/incidents', { signal })),
  refetchInterval: 30_000,
})

export function incidentQuery(incidentId: string) {
  return queryOptions({
    queryKey: ['incidents', incidentId],
    queryFn: ({ signal }) => unwrap(client.GET('/api/v1/incidents/{incident_id}', { params: { path: { incident_id: incidentId } }, signal })),
  })
}

export function actOnIncident(incidentId: string, act: string, note: string) {
  return unwrap(client.POST('/api/v1/incidents/{incident_id}/act', { params: { path: { incident_id: incidentId } }, body: { act, note: note || null } }))
}
