// What the page of satisfaction asks for, and under which key the answer is kept.
import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import type { SatisfactionJson } from '../pages/satisfaction/question'
import { peoplePages } from './analysis'
import { client, unwrap } from './client'
import type { components } from './schema'

export type Satisfaction = components['schemas']['SatisfactionBody']
export type ScoreGroup = components['schemas']['ScoreGroup']
export type ScoreDriver = components['schemas']['ScoreDriver']
export type ScoreChange = components['schemas']['ScoreChange']
export const WHICH = ['overdue', 'waiting', 'late', 'kept', 'dissatisfied', 'content'] as const
export type Which = (typeof WHICH)[number]

/** What is not asked is as usual. */
const wire = ({ kind, by, dimension, from, to, segment, purpose }: SatisfactionJson) => ({
  kind,
  by,
  dimension: dimension ?? null,
  from: from ?? null,
  to: to ?? null,
  segment: segment ?? null,
  purpose: purpose ?? null,
})

export function satisfactionQuery(question: SatisfactionJson) {
  return queryOptions({
    queryKey: ['satisfaction', question],
    queryFn: ({ signal }) => unwrap(client.POST('/api/v1/satisfaction', { body: wire(question), signal })),
    placeholderData: keepPreviousData,
  })
}

export const satisfactionPeople = (question: SatisfactionJson, which: Which) =>
  peoplePages(['satisfaction', 'people', question, which], (after, limit, signal) => unwrap(client.POST('/api/v1/satisfaction/people', { body: { question: wire(question), which, after, limit }, signal })))

export const keepSatisfied = (question: SatisfactionJson, which: Which, name: string) => unwrap(client.POST('/api/v1/satisfaction/segment', { body: { question: wire(question), which, name } }))
