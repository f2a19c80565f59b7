// What is asked about moments, and under which key the answer is kept.
import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query'
import type { CampaignJson } from '../pages/campaigns/question'
import { client, unwrap } from './client'
import type { components } from './schema'

export type MomentsAnswer = components['schemas']['MomentsBody']
export type HourRate = components['schemas']['HourRateBody']

/** What is not asked is as usual. */
const wire = ({ from, to, segment, purpose, answer }: CampaignJson) => ({
  from: from ?? null,
  to: to ?? null,
  segment: segment ?? null,
  purpose: purpose ?? null,
  answer,
  quiet_from: null,
  quiet_until: null,
  channel: null,
})

export function momentsQuery(question: CampaignJson) {
  return queryOptions({
    queryKey: ['moments', question],
    queryFn: ({ signal }) => unwrap(client.POST('/api/v1/moments', { body: wire(question), signal })),
    placeholderData: keepPreviousData,
  })
}

export function chosenQuery(question: CampaignJson) {
  return infiniteQueryOptions({
    queryKey: ['moments', 'people', question],
    queryFn: ({ pageParam, signal }) => unwrap(client.POST('/api/v1/moments/people', { body: { question: wire(question), after: pageParam, limit: null }, signal })),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
  })
}

export function momentsOfQuery(profileId: string) {
  return queryOptions({
    queryKey: ['profile', profileId, 'moments'],
    queryFn: ({ signal }) => unwrap(client.GET('/api/v1/profiles/{profile_id}/moments', { params: { path: { profile_id: profileId } }, signal })),
  })
}
