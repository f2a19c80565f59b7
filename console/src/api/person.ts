// What the tabs of a customer ask for, and under which key the answer is kept.
import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query'
import { client, unwrap } from './client'
import type { TimelineKind } from './types'

const PAGE_SIZE = 50
const at = (profileId: string) => ({ path: { profile_id: profileId } })

export type TimelineWish = { kinds: readonly TimelineKind[]; channel?: string | undefined; day?: string | undefined }

export function timelineQuery(profileId: string, { kinds, channel, day }: TimelineWish) {
  return infiniteQueryOptions({
    queryKey: ['profile', profileId, 'timeline', kinds.join(), channel, day],
    queryFn: ({ signal, pageParam }) =>
      unwrap(
        client.GET('/api/v1/profiles/{profile_id}/timeline', {
          params: {
            ...at(profileId),
            query: {
              limit: PAGE_SIZE,
              ...(kinds.length > 0 ? { kinds: kinds.join(',') } : {}),
              ...(channel ? { channel } : {}),
              ...(day ? { day } : {}),
              ...(pageParam ? { before: pageParam } : {}),
            },
          },
          signal,
        }),
      ),
    initialPageParam: '',
    getNextPageParam: (page) => page.next ?? undefined,
    placeholderData: keepPreviousData,
  })
}

/** Scores of all refreshes; tags and segments of a day, the newest one when none is named. */
export function profileHistoryQuery(profileId: string, asOf?: string) {
  return queryOptions({
    queryKey: ['profile', profileId, 'history', asOf],
    queryFn: ({ signal }) => unwrap(client.GET('/api/v1/profiles/{profile_id}/history', { params: { ...at(profileId), query: asOf ? { as_of: asOf } : {} }, signal })),
    placeholderData: keepPreviousData,
  })
}

export function profileTagsQuery(profileId: string) {
  return queryOptions({
    queryKey: ['profile', profileId, 'tags'],
    queryFn: ({ signal }) => unwrap(client.GET('/api/v1/profiles/{profile_id}/tags', { params: at(profileId), signal })),
  })
}

export function tagWhyQuery(profileId: string, key: string) {
  return queryOptions({
    queryKey: ['profile', profileId, 'tags', key],
    queryFn: ({ signal }) => unwrap(client.GET('/api/v1/tags/{key}/why/{profile_id}', { params: { path: { key, profile_id: profileId } }, signal })),
  })
}

/** Puts a tag on a customer; without a value it is taken off. */
export function setProfileTag(profileId: string, key: string, value: string | null, until: string | null) {
  return unwrap(client.POST('/api/v1/profiles/{profile_id}/tags', { params: at(profileId), body: { key, value, until } }))
}

export function profileSegmentsQuery(profileId: string) {
  return queryOptions({
    queryKey: ['profile', profileId, 'segments'],
    queryFn: ({ signal }) => unwrap(client.GET('/api/v1/profiles/{profile_id}/segments', { params: at(profileId), signal })),
  })
}

export function actsQuery(profileId: string) {
  return infiniteQueryOptions({
    queryKey: ['profile', profileId, 'acts'],
    queryFn: ({ signal, pageParam }) =>
      unwrap(client.GET('/api/v1/profiles/{profile_id}/acts', { params: { ...at(profileId), query: { limit: PAGE_SIZE, ...(pageParam ? { before: pageParam } : {}) } }, signal })),
    initialPageParam: 0,
    getNextPageParam: (page) => page.next ?? undefined,
  })
}

/** Shows a customer in the clear; the reason goes to the audit trail. */
export function revealProfile(profileId: string, reason: string) {
  return unwrap(client.POST('/api/v1/profiles/{profile_id}/reveal', { params: at(profileId), body: { reason } }))
}

/** Asks a second person for a look at a customer in the clear. */
export function askToSee(profileId: string, reason: string) {
  return unwrap(client.POST('/api/v1/profiles/{profile_id}/reveal/ask', { params: at(profileId), body: { reason } }))
}

/** The customer of a look that was approved, once. */
export function seeApproved(approvalId: string) {
  return unwrap(client.POST('/api/v1/approvals/{approval_id}/reveal', { params: { path: { approval_id: approvalId } } }))
}
