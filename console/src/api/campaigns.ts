// What the page of campaigns asks for, and under which key the answer is kept.
import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import type { CampaignJson } from '../pages/campaigns/question'
import { peoplePages } from './analysis'
import { client, unwrap } from './client'
import type { components } from './schema'

type Schemas = components['schemas']
export type BoardAnswer = Schemas['CampaignBoardBody']
export type BoardRow = Schemas['CampaignRow']
export type EffectAnswer = Schemas['CampaignEffectBody']
export type Effect = Schemas['EffectBody']
export type UpliftAnswer = Schemas['UpliftBody']
export type AttributionAnswer = Schemas['AttributionBody']
export type BudgetAnswer = Schemas['BudgetBody']
export type CouponsAnswer = Schemas['CouponsBody']
export type CouponRow = Schemas['CouponRowBody']
/** Which number is meant: of which answer, which row, which of its people. */
export type CampaignPart = { of: 'board' | 'arm' | 'attribution' | 'uplift' | 'coupons'; key?: string | undefined; which: string }

/** What is not asked is as usual. */
function wire(question: CampaignJson) {
  return {
    by: question.by,
    from: question.from ?? null,
    to: question.to ?? null,
    segment: question.segment ?? null,
    purpose: question.purpose ?? null,
    campaign: question.campaign || null,
    window_days: question.window_days,
    before_days: null,
    holdout_share: null,
    lookback_days: question.lookback_days,
    visits: question.visits,
    budget: question.budget,
  }
}

export function boardQuery(question: CampaignJson) {
  return queryOptions({
    queryKey: ['campaigns', 'board', question],
    queryFn: ({ signal }) => unwrap(client.POST('/api/v1/campaigns/board', { body: wire(question), signal })),
    placeholderData: keepPreviousData,
  })
}

export function effectQuery(question: CampaignJson) {
  return queryOptions({
    queryKey: ['campaigns', 'effect', question],
    queryFn: ({ signal }) => unwrap(client.POST('/api/v1/campaigns/effect', { body: wire(question), signal })),
    placeholderData: keepPreviousData,
  })
}

export function upliftQuery(question: CampaignJson) {
  return queryOptions({
    queryKey: ['campaigns', 'uplift', question],
    queryFn: ({ signal }) => unwrap(client.POST('/api/v1/campaigns/uplift', { body: wire(question), signal })),
    placeholderData: keepPreviousData,
  })
}

export function attributionQuery(question: CampaignJson) {
  return queryOptions({
    queryKey: ['campaigns', 'attribution', question],
    queryFn: ({ signal }) => unwrap(client.POST('/api/v1/campaigns/attribution', { body: wire(question), signal })),
    placeholderData: keepPreviousData,
  })
}

export function budgetQuery(question: CampaignJson) {
  return queryOptions({
    queryKey: ['campaigns', 'budget', question],
    queryFn: ({ signal }) => unwrap(client.POST('/api/v1/campaigns/budget', { body: wire(question), signal })),
    placeholderData: keepPreviousData,
  })
}

export function couponsQuery(question: CampaignJson) {
  return queryOptions({
    queryKey: ['campaigns', 'coupons', question],
    queryFn: ({ signal }) => unwrap(client.POST('/api/v1/campaigns/coupons', { body: wire(question), signal })),
    placeholderData: keepPreviousData,
  })
}

const sentPart = (part: CampaignPart) => ({ of: part.of, key: part.key ?? null, which: part.which })

export function campaignPeopleQuery(question: CampaignJson, part: CampaignPart) {
  return peoplePages(['campaigns', 'people', question, part], (after, limit, signal) =>
    unwrap(client.POST('/api/v1/campaigns/people', { body: { question: wire(question), part: sentPart(part), limit, after }, signal })),
  )
}

/** Keeps the people behind a number as a list. */
export function keepCampaignPeople(question: CampaignJson, part: CampaignPart, name: string) {
  return unwrap(client.POST('/api/v1/campaigns/segment', { body: { question: wire(question), part: sentPart(part), name } }))
}
