// The list of customers: asked for by a rule and filters, exported, and kept as views.
import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import { ApiError, client, done, unwrap } from './client'
import { PAGE_SIZE } from './queries'
import type { ExportRequest, ProfileQuery, PutView } from './types'
import type { RuleJson } from './segments'

/** Whom to list, and how; a rule is more than the document says of it. */
export type ListRequest = Omit<ProfileQuery, 'rule'> & { rule?: RuleJson }

// The document calls a rule an object without saying more, which the generated types read as an empty one.
const wire = (rule: RuleJson) => rule as Record<string, never>

export function customersQuery({ rule, ...request }: ListRequest, isOn = true) {
  return queryOptions({
    queryKey: ['profiles', rule, request],
    queryFn: ({ signal }) => unwrap(client.POST('/api/v1/profiles/query', { body: { limit: PAGE_SIZE, ...request, ...(rule ? { rule: wire(rule) } : {}) }, signal })),
    placeholderData: keepPreviousData,
    enabled: isOn,
  })
}

/** The columns that a list or an export can have. */
export const columnsQuery = queryOptions({
  queryKey: ['profile-columns'],
  queryFn: ({ signal }) => unwrap(client.GET('/api/v1/profiles/columns', { signal })),
  staleTime: 300_000,
})

export function startExport({ rule, ...request }: Omit<ExportRequest, 'rule'> & { rule?: RuleJson }) {
  return unwrap(client.POST('/api/v1/exports', { body: { ...request, ...(rule ? { rule: wire(rule) } : {}) } }))
}

/** An export is asked for again and again until it has come to an end, or is not known any more. */
export function exportQuery(exportId: string) {
  return queryOptions({
    queryKey: ['export', exportId],
    queryFn: ({ signal }) => unwrap(client.GET('/api/v1/exports/{export_id}', { params: { path: { export_id: exportId } }, signal })),
    refetchInterval: ({ state: { data, error } }) => {
      if (data && data.state !== 'waiting' && data.state !== 'writing') return false
      if (error instanceof ApiError) return error.isRetryable ? 3000 : false
      return 400
    },
    refetchOnWindowFocus: false,
  })
}

export async function cancelExport(exportId: string): Promise<void> {
  await done(client.DELETE('/api/v1/exports/{export_id}', { params: { path: { export_id: exportId } } }))
}

/** Where the file is; it can be fetched once. */
export const exportFile = (exportId: string) => `/api/v1/exports/${encodeURIComponent(exportId)}/file`

export const viewsQuery = queryOptions({
  queryKey: ['views', 'customers'],
  queryFn: ({ signal }) => unwrap(client.GET('/api/v1/views', { params: { query: { page: 'customers' } }, signal })),
})

export function viewQuery(viewId: string) {
  return queryOptions({
    queryKey: ['views', 'one', viewId],
    queryFn: ({ signal }) => unwrap(client.GET('/api/v1/views/{view_id}', { params: { path: { view_id: viewId } }, signal })),
    retry: false,
  })
}

/** Keeps what the page shows: under a name, or for an address alone; in place of a view when one is named. */
export function keepView(name: string | undefined, state: Record<string, unknown>, viewId?: string) {
  const body: PutView = { page: 'customers', ...(name ? { name } : {}), state: state as Record<string, never> }
  return unwrap(viewId ? client.PUT('/api/v1/views/{view_id}', { params: { path: { view_id: viewId } }, body }) : client.POST('/api/v1/views', { body }))
}

export async function deleteView(viewId: string): Promise<void> {
  await done(client.DELETE('/api/v1/views/{view_id}', { params: { path: { view_id: viewId } } }))
}
