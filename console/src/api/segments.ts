// What the pages of segments ask for, and under which key the answer is kept.
import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query'
import { client, unwrap } from './client'
import type { NewSegment, UpdateSegment } from './types'

/** A rule as JSON; docs/guides/segments.md describes it. */
export type RuleJson = Record<string, unknown>

const PAGE_SIZE = 50

// The document calls a rule an object without saying more, which the generated types read as an empty one.
const wire = (rule: RuleJson) => rule as Record<string, never>
const at = (segmentId: string) => ({ path: { segment_id: segmentId } })

export function segmentsQuery(hasArchived: boolean) {
  return queryOptions({
    queryKey: ['segments', hasArchived],
    queryFn: ({ signal }) => unwrap(client.GET('/api/v1/segments', { params: { query: { archived: hasArchived } }, signal })),
    placeholderData: keepPreviousData,
  })
}

export function segmentQuery(segmentId: string) {
  return queryOptions({
    queryKey: ['segment', segmentId],
    queryFn: ({ signal }) => unwrap(client.GET('/api/v1/segments/{segment_id}', { params: at(segmentId), signal })),
  })
}

export function sizesQuery(segmentId: string) {
  return queryOptions({
    queryKey: ['segment', segmentId, 'sizes'],
    queryFn: ({ signal }) => unwrap(client.GET('/api/v1/segments/{segment_id}/sizes', { params: at(segmentId), signal })),
  })
}

export function membersQuery(segmentId: string) {
  return infiniteQueryOptions({
    queryKey: ['segment', segmentId, 'members'],
    queryFn: ({ signal, pageParam }) =>
      unwrap(
        client.GET('/api/v1/segments/{segment_id}/members', {
          params: { ...at(segmentId), query: { limit: PAGE_SIZE, ...(pageParam ? { after: pageParam } : {}) } },
          signal,
        }),
      ),
    initialPageParam: '',
    getNextPageParam: (page) => page.next ?? undefined,
  })
}

export function whyQuery(segmentId: string, profileId: string) {
  return queryOptions({
    queryKey: ['segment', segmentId, 'why', profileId],
    queryFn: ({ signal }) =>
      unwrap(client.GET('/api/v1/segments/{segment_id}/why/{profile_id}', { params: { path: { segment_id: segmentId, profile_id: profileId } }, signal })),
  })
}

/** Beside all customers when no other is named. */
export function compareQuery(segmentId: string, other: string | undefined) {
  return queryOptions({
    queryKey: ['segment', segmentId, 'compare', other],
    queryFn: ({ signal }) =>
      unwrap(client.GET('/api/v1/segments/{segment_id}/compare', { params: { ...at(segmentId), query: other ? { with: other } : {} }, signal })),
    placeholderData: keepPreviousData,
  })
}

export function overlapQuery(segmentIds: readonly string[]) {
  return queryOptions({
    queryKey: ['overlap', ...segmentIds],
    queryFn: ({ signal }) => unwrap(client.POST('/api/v1/segments/overlap', { body: { segment_ids: [...segmentIds] }, signal })),
    enabled: segmentIds.length > 1,
    placeholderData: keepPreviousData,
  })
}

/** A rule that is being written: counted anew for every change, and the count of the old one given up. */
export function previewQuery(rule: RuleJson, segmentId: string | undefined, purpose: string, isOn: boolean) {
  return queryOptions({
    queryKey: ['preview', segmentId, purpose, rule],
    queryFn: ({ signal }) =>
      unwrap(client.POST('/api/v1/segments/preview', { body: { rule: wire(rule), ...(segmentId ? { segment_id: segmentId } : {}), ...(purpose ? { purpose } : {}) }, signal })),
    enabled: isOn,
    placeholderData: keepPreviousData,
    retry: false,
    gcTime: 60_000,
  })
}

/** The people behind a number: those for whom a rule holds. */
export function matchingQuery(rule: RuleJson, asOf: string | undefined) {
  return infiniteQueryOptions({
    queryKey: ['matching', rule, asOf],
    queryFn: ({ signal, pageParam }) =>
      unwrap(
        client.POST('/api/v1/profiles/query', {
          body: { rule: wire(rule), limit: PAGE_SIZE, ...(asOf ? { as_of: asOf } : {}), ...(pageParam ? { after: pageParam } : {}) },
          signal,
        }),
      ),
    initialPageParam: '',
    getNextPageParam: (page) => page.next ?? undefined,
  })
}

export type SegmentDraft = Pick<NewSegment, 'name'> & { purpose: string; description: string; refresh: string; rule: RuleJson | undefined }

export function createSegment({ rule, ...draft }: SegmentDraft) {
  return unwrap(client.POST('/api/v1/segments', { body: { ...draft, rule: wire(rule ?? { all: [] }) } }))
}

/** Changes what is named; `version` is the one that the change was made from. */
export function updateSegment(segmentId: string, version: number, { rule, ...changes }: Partial<SegmentDraft> & Pick<UpdateSegment, 'is_archived'>) {
  return unwrap(client.PATCH('/api/v1/segments/{segment_id}', { params: at(segmentId), body: { version, ...changes, ...(rule ? { rule: wire(rule) } : {}) } }))
}

export function refreshSegment(segmentId: string) {
  return unwrap(client.POST('/api/v1/segments/{segment_id}/refresh', { params: at(segmentId) }))
}
