// What the pages ask for, and under which key the answer is kept.
import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query'
import type { Compare } from '../range'
import { ApiError, client, done, unwrap } from './client'
import type { BindingLink, CreateBinding, CreateSource, Mapping, UpdateSource } from './types'

export const PAGE_SIZE = 50

export const workspaceQuery = queryOptions({
  queryKey: ['workspace'],
  queryFn: ({ signal }) => unwrap(client.GET('/api/v1/workspace', { signal })),
  staleTime: 60_000,
})

export function overviewQuery(from: string, to: string, compare: Compare) {
  return queryOptions({
    queryKey: ['overview', from, to, compare],
    queryFn: ({ signal }) => unwrap(client.GET('/api/v1/overview', { params: { query: { from, to, compare } }, signal })),
    placeholderData: keepPreviousData,
  })
}

export function profileQuery(profileId: string) {
  return queryOptions({
    queryKey: ['profile', profileId],
    queryFn: ({ signal }) => unwrap(client.GET('/api/v1/profiles/{profile_id}', { params: { path: { profile_id: profileId } }, signal })),
  })
}

export function profileOrdersQuery(profileId: string) {
  return infiniteQueryOptions({
    queryKey: ['profile', profileId, 'orders'],
    queryFn: ({ signal, pageParam }) =>
      unwrap(
        client.GET('/api/v1/profiles/{profile_id}/orders', {
          params: { path: { profile_id: profileId }, query: { limit: 20, ...(pageParam ? { after: pageParam } : {}) } },
          signal,
        }),
      ),
    initialPageParam: '',
    getNextPageParam: (page) => page.next ?? undefined,
  })
}

/** Scores of all customers as of a day that was refreshed; the newest when none is named. */
export function rfmQuery(asOf: string | undefined) {
  return queryOptions({
    queryKey: ['rfm', asOf],
    queryFn: ({ signal }) => unwrap(client.GET('/api/v1/rfm', { params: { query: asOf ? { as_of: asOf } : {} }, signal })),
    placeholderData: keepPreviousData,
  })
}

export const qualityQuery = queryOptions({
  queryKey: ['quality'],
  queryFn: ({ signal }) => unwrap(client.GET('/api/v1/quality', { signal })),
})

export function importsQuery(after?: string) {
  return queryOptions({
    queryKey: ['imports', after],
    queryFn: ({ signal }) => unwrap(client.GET('/api/v1/imports', { params: { query: { limit: PAGE_SIZE, ...(after ? { after } : {}) } }, signal })),
    placeholderData: keepPreviousData,
  })
}

export function importQuery(batchId: string) {
  return queryOptions({
    queryKey: ['import', batchId],
    queryFn: ({ signal }) => unwrap(client.GET('/api/v1/imports/{batch_id}', { params: { path: { batch_id: batchId } }, signal })),
  })
}

export function quarantineQuery(batchId: string, status?: string) {
  return infiniteQueryOptions({
    queryKey: ['import', batchId, 'quarantine', status],
    queryFn: ({ signal, pageParam }) =>
      unwrap(
        client.GET('/api/v1/imports/{batch_id}/quarantine', {
          params: {
            path: { batch_id: batchId },
            query: { limit: PAGE_SIZE, ...(status ? { status } : {}), ...(pageParam ? { after: pageParam } : {}) },
          },
          signal,
        }),
      ),
    initialPageParam: '',
    getNextPageParam: (page) => page.next ?? undefined,
  })
}

/** A job is asked for again and again until it has come to an end, or is not known any more. */
export function jobQuery(jobId: string) {
  return queryOptions({
    queryKey: ['job', jobId],
    queryFn: ({ signal }) => unwrap(client.GET('/api/v1/jobs/{job_id}', { params: { path: { job_id: jobId } }, signal })),
    refetchInterval: ({ state: { data, error } }) => {
      if (data && data.state !== 'running') return false
      if (error instanceof ApiError) return error.isRetryable ? 3000 : false
      return 500
    },
  })
}

export async function cancelJob(jobId: string): Promise<void> {
  await done(client.DELETE('/api/v1/jobs/{job_id}', { params: { path: { job_id: jobId } } }))
}

/** An uploaded file; asked for again (as the same entity, with the same sheet) when the page was left and its answer forgotten. */
export function uploadQuery(uploadId: string, entity: string | undefined, sheet: string | undefined) {
  return queryOptions({
    queryKey: ['upload', uploadId, entity, sheet],
    queryFn: () => guessMapping(uploadId, entity, sheet),
    staleTime: Infinity,
    gcTime: 60 * 60_000,
  })
}

export function guessMapping(uploadId: string, entity: string | undefined, sheet: string | undefined) {
  const body = { entity: entity ?? null, sheet: sheet ?? null }
  return unwrap(client.POST('/api/v1/uploads/{upload_id}/guess', { params: { path: { upload_id: uploadId } }, body }))
}

export function startImport(body: { upload_id: string; entity: string; sheet: string | null; source: string | null; mapping: Mapping; dry_run: boolean }) {
  return unwrap(client.POST('/api/v1/imports', { body }))
}

/** What cleaning does to the first rows of an upload. */
export function cleaningQuery(uploadId: string, sheet: string | undefined, mapping: Mapping) {
  const body = { entity: mapping.entity, sheet: sheet ?? null, mapping }
  return queryOptions({
    queryKey: ['cleaning', uploadId, body],
    queryFn: ({ signal }) => unwrap(client.POST('/api/v1/uploads/{upload_id}/preview', { params: { path: { upload_id: uploadId } }, body, signal })),
    staleTime: Infinity,
  })
}

export function searchProfiles(value: string, kind: string | undefined, signal?: AbortSignal) {
  return unwrap(client.POST('/api/v1/profiles/search', { body: { value, ...(kind ? { kind } : {}) }, ...(signal ? { signal } : {}) }))
}

export function revealRow(batchId: string, rowNo: number, reason: string) {
  return unwrap(
    client.POST('/api/v1/imports/{batch_id}/quarantine/{row_no}/reveal', {
      params: { path: { batch_id: batchId, row_no: rowNo } },
      body: { reason },
    }),
  )
}

export function replay(batchId: string, rows: { row_no: number; cells: (string | null)[] | null; kept: number[] | null }[] | null) {
  return unwrap(client.POST('/api/v1/imports/{batch_id}/replay', { params: { path: { batch_id: batchId } }, body: { rows } }))
}

export const sourcesQuery = queryOptions({
  queryKey: ['sources'],
  queryFn: ({ signal }) => unwrap(client.GET('/api/v1/sources', { signal })),
})

export function createSource({ proves_identity, ...source }: Pick<CreateSource, 'name' | 'allowed_origins'> & { proves_identity: boolean }) {
  // Settings as the API takes them: any object, checked there.
  const settings = { proves_identity } as unknown as Record<string, never>
  return unwrap(client.POST('/api/v1/sources', { body: { allowed_kinds: null, plan: null, commerce: null, ...source, settings } }))
}

/** Changes what is named; the rest stays. */
export function updateSource(sourceId: string, changes: Partial<UpdateSource>) {
  const body: UpdateSource = { name: null, allowed_origins: null, allowed_kinds: null, settings: null, plan: null, commerce: null, is_enabled: null, ...changes }
  return unwrap(client.PATCH('/api/v1/sources/{source_id}', { params: { path: { source_id: sourceId } }, body }))
}

export function rotateKey(sourceId: string) {
  return unwrap(client.POST('/api/v1/sources/{source_id}/rotate-key', { params: { path: { source_id: sourceId } } }))
}

/** Codes are scanned while the page is open. */
export const bindingsQuery = queryOptions({
  queryKey: ['bindings'],
  queryFn: ({ signal }) => unwrap(client.GET('/api/v1/bindings', { signal })),
})

/** One code with its link; asked for again while somebody may scan it. */
export function bindingQuery(bindingId: string) {
  return queryOptions({
    queryKey: ['bindings', bindingId],
    queryFn: ({ signal }) => unwrap(client.GET('/api/v1/bindings/{binding_id}', { params: { path: { binding_id: bindingId } }, signal })),
    // The link is made anew each time: the picture would flicker.
    structuralSharing: (before, after) => {
      const [old, next] = [before, after] as [BindingLink | undefined, BindingLink]
      return old ? { ...next, link: old.link } : next
    },
    refetchInterval: ({ state: { data } }) => {
      const binding = data?.binding
      const isOpen = binding && (binding.state === 'waiting' || binding.state === 'taken' || (binding.state === 'bound' && binding.n_uses < binding.max_uses))
      return isOpen ? 1500 : false
    },
  })
}

export function createBinding(binding: Partial<CreateBinding>) {
  const body: CreateBinding = { identity: null, profile_id: null, store_id: null, campaign_id: null, place: null, source: null, expires_s: null, max_uses: null, redirect_url: null, ...binding }
  return unwrap(client.POST('/api/v1/bindings', { body }))
}

export function revokeBinding(bindingId: string) {
  return unwrap(client.POST('/api/v1/bindings/{binding_id}/revoke', { params: { path: { binding_id: bindingId } } }))
}
