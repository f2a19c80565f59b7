// What the pages of behaviour ask for, and under which key the answer is kept.
import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query'
import { client, unwrap } from './client'
import type { components } from './schema'
import type { FunnelAnswer, LifecycleAnswer, PathsAnswer, RetentionAnswer, StickinessAnswer } from './types'

/** A question as JSON; docs/guides/insight.md describes it. */
export type Question = Record<string, unknown>
/** Which number of an answer, as JSON. */
export type PartJson = Record<string, unknown>
export const ANALYSES = ['funnel', 'retention', 'lifecycle', 'stickiness', 'paths'] as const
export type Analysis = (typeof ANALYSES)[number]
type Answers = { funnel: FunnelAnswer; retention: RetentionAnswer; lifecycle: LifecycleAnswer; stickiness: StickinessAnswer; paths: PathsAnswer }

const PAGE_SIZE = 50
// The document calls questions objects without saying more, which the generated types read as empty ones.
const wire = (json: Record<string, unknown>) => json as Record<string, never>

const ask: { [K in Analysis]: (spec: Question, signal: AbortSignal) => Promise<Answers[K]> } = {
  funnel: (spec, signal) => unwrap(client.POST('/api/v1/analysis/funnel', { body: wire(spec), signal })),
  retention: (spec, signal) => unwrap(client.POST('/api/v1/analysis/retention', { body: wire(spec), signal })),
  lifecycle: (spec, signal) => unwrap(client.POST('/api/v1/analysis/lifecycle', { body: wire(spec), signal })),
  stickiness: (spec, signal) => unwrap(client.POST('/api/v1/analysis/stickiness', { body: wire(spec), signal })),
  paths: (spec, signal) => unwrap(client.POST('/api/v1/analysis/paths', { body: wire(spec), signal })),
}

export function analysisQuery<K extends Analysis>(kind: K, spec: Question) {
  return queryOptions<Answers[K]>({
    queryKey: ['analysis', kind, spec],
    queryFn: ({ signal }) => ask[kind](spec, signal),
    placeholderData: keepPreviousData,
  })
}

type People = components['schemas']['AnalysisPeople']

/** Pages of people behind a number, whatever it is of. */
export function peoplePages(queryKey: readonly unknown[], ask: (after: string | null, limit: number, signal: AbortSignal) => Promise<People>) {
  return infiniteQueryOptions({
    queryKey,
    queryFn: ({ signal, pageParam }) => ask(pageParam || null, PAGE_SIZE, signal),
    initialPageParam: '',
    getNextPageParam: (page) => page.next ?? undefined,
  })
}

export function analysisPeopleQuery(kind: Analysis, spec: Question, part: PartJson) {
  return peoplePages(['analysis', kind, spec, 'people', part], (after, limit, signal) =>
    unwrap(client.POST('/api/v1/analysis/people', { body: { analysis: kind, spec: wire(spec), part: wire(part), limit, after }, signal })),
  )
}

/** Keeps the people behind a number as a list. */
export function keepPeople(kind: Analysis, spec: Question, part: PartJson, name: string) {
  return unwrap(client.POST('/api/v1/analysis/segment', { body: { analysis: kind, spec: wire(spec), part: wire(part), name } }))
}
