// What the page of goods asks for, and under which key the answer is kept.
import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import type { GoodsJson } from '../pages/goods/question'
import { peoplePages } from './analysis'
import { client, unwrap } from './client'
import type { components } from './schema'

export type TogetherAnswer = components['schemas']['TogetherBody']
export type NextAnswer = components['schemas']['NextBody']
export type TogetherRule = components['schemas']['TogetherRuleBody']
export type NextRule = components['schemas']['NextRuleBody']
export type NeedsAnswer = components['schemas']['NeedsBody']
export type NeedRule = components['schemas']['NeedRuleBody']
export type Recommendations = components['schemas']['RecommendationsBody']
export type Wanted = components['schemas']['ForPersonBody']
export type Good = components['schemas']['GoodBody']
/** Which rule is meant, and which of its people. */
export type GoodsPart = { of: 'together' | 'next' | 'need' | 'extension'; antecedent: string[]; consequent: string; which: 'both' | 'left' }

/** What is not asked is as usual. */
function wire(question: GoodsJson) {
  return {
    level: question.level,
    basket: question.basket,
    from: question.from ?? null,
    to: question.to ?? null,
    segment: question.segment ?? null,
    purpose: question.purpose ?? null,
    max_gap_days: question.max_gap_days,
    min_baskets: null,
    min_confidence: null,
    min_lift: null,
    max_goods: null,
    min_customers: null,
    limit: null,
  }
}

export function togetherQuery(question: GoodsJson) {
  return queryOptions({
    queryKey: ['goods', 'together', question],
    queryFn: ({ signal }) => unwrap(client.POST('/api/v1/goods/together', { body: wire(question), signal })),
    placeholderData: keepPreviousData,
  })
}

export function nextQuery(question: GoodsJson) {
  return queryOptions({
    queryKey: ['goods', 'next', question],
    queryFn: ({ signal }) => unwrap(client.POST('/api/v1/goods/next', { body: wire(question), signal })),
    placeholderData: keepPreviousData,
  })
}

export function needsQuery(question: GoodsJson) {
  return queryOptions({
    queryKey: ['goods', 'needs', question],
    queryFn: ({ signal }) => unwrap(client.POST('/api/v1/goods/needs', { body: wire(question), signal })),
    placeholderData: keepPreviousData,
  })
}

export const recommendationsQuery = queryOptions({
  queryKey: ['goods', 'recommendations'],
  queryFn: ({ signal }) => unwrap(client.GET('/api/v1/goods/recommendations', { signal })),
})

export function wantedQuery(profileId: string) {
  return queryOptions({
    queryKey: ['profile', profileId, 'wanted'],
    queryFn: ({ signal }) => unwrap(client.GET('/api/v1/profiles/{profile_id}/recommendations', { params: { path: { profile_id: profileId }, query: { limit: 5 } }, signal })),
  })
}

export function goodsPeopleQuery(question: GoodsJson, part: GoodsPart) {
  return peoplePages(['goods', 'people', question, part], (after, limit, signal) =>
    unwrap(client.POST('/api/v1/goods/people', { body: { question: wire(question), part, limit, after }, signal })),
  )
}

/** Keeps the people behind a rule as a list. */
export function keepGoodsPeople(question: GoodsJson, part: GoodsPart, name: string) {
  return unwrap(client.POST('/api/v1/goods/segment', { body: { question: wire(question), part, name } }))
}
