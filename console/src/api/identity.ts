// Who is who: decisions by hand, the rules, and how well people are told apart.
import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import { client, unwrap } from './client'
import type { GoldenRules, GoldenSheet, IdentityRules, PairJudgement } from './types'

export const identityHealthQuery = queryOptions({
  queryKey: ['identity', 'health'],
  queryFn: ({ signal }) => unwrap(client.GET('/api/v1/identity/health', { signal })),
})

export const identityRulesQuery = queryOptions({
  queryKey: ['identity', 'policy'],
  queryFn: async ({ signal }) => (await unwrap(client.GET('/api/v1/identity/policy', { signal }))).policy as unknown as IdentityRules,
})

/** Decisions about one customer, or about all. */
export function identityActsQuery(profileId?: string) {
  return queryOptions({
    queryKey: ['identity', 'acts', profileId ?? ''],
    queryFn: ({ signal }) => unwrap(client.GET('/api/v1/identity/acts', { params: { query: profileId ? { profile_id: profileId } : {} }, signal })),
  })
}

/** Rules as the API takes them: any object, checked there. */
const wire = (rules: IdentityRules) => rules as unknown as Record<string, never>

export function previewIdentityRules(rules: IdentityRules) {
  return unwrap(client.POST('/api/v1/identity/policy/preview', { body: { policy: wire(rules) } }))
}

export function putIdentityRules(rules: IdentityRules) {
  return unwrap(client.PUT('/api/v1/identity/policy', { body: { policy: wire(rules) } }))
}

export const goldenQuery = queryOptions({
  queryKey: ['identity', 'golden'],
  queryFn: async ({ signal }) => (await unwrap(client.GET('/api/v1/identity/golden', { signal }))) as unknown as GoldenSheet,
})

const wireGolden = (rules: GoldenRules) => rules as unknown as Record<string, never>

export function previewGolden(rules: GoldenRules) {
  return unwrap(client.POST('/api/v1/identity/golden/preview', { body: { rules: wireGolden(rules) } }))
}

/** Put in force only in place of the version that they were made from. */
export function putGolden({ version, rules }: { version: number; rules: GoldenRules }) {
  return unwrap(client.PUT('/api/v1/identity/golden', { body: { version, rules: wireGolden(rules) } }))
}

/** Where the fields of a customer come from; asked for when somebody wants to know. */
export function lineageQuery(profileId: string) {
  return queryOptions({
    queryKey: ['identity', 'lineage', profileId],
    queryFn: ({ signal }) => unwrap(client.GET('/api/v1/identity/lineage', { params: { query: { profile_id: profileId } }, signal })),
  })
}

/** The next pairs after those that were put off; few, for whoever is shown counts towards the reader's budget. */
export function identityReviewQuery(offset: number) {
  return queryOptions({
    queryKey: ['identity', 'review', offset],
    queryFn: ({ signal }) => unwrap(client.GET('/api/v1/identity/review', { params: { query: { offset, limit: 2 } }, signal })),
    placeholderData: keepPreviousData,
  })
}

export function judgePair(body: PairJudgement) {
  return unwrap(client.POST('/api/v1/identity/review', { body }))
}

export const lastMatchQuery = queryOptions({
  queryKey: ['identity', 'match'],
  queryFn: ({ signal }) => unwrap(client.GET('/api/v1/identity/match', { signal })),
})

export function matchRecords() {
  return unwrap(client.POST('/api/v1/identity/match'))
}

export function mergeProfiles(profileId: string, otherProfileId: string, reason: string) {
  return unwrap(client.POST('/api/v1/identity/merge', { body: { profile_id: profileId, other_profile_id: otherProfileId, reason } }))
}

export function splitProfile(profileId: string, identityIds: string[], reason: string) {
  return unwrap(client.POST('/api/v1/identity/split', { body: { profile_id: profileId, identity_ids: identityIds, reason } }))
}

export function undoIdentityAct(actId: string) {
  return unwrap(client.POST('/api/v1/identity/acts/{act_id}/undo', { params: { path: { act_id: actId } } }))
}
