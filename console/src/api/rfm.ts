// RFM rules: those in force, what others would do, and putting them in force.
import { queryOptions } from '@tanstack/react-query'
import type { Segment, Tier } from '../words'
import { client, unwrap } from './client'

/** Lowest and highest score, both included. */
export type Range = [number, number]
export type Dimension = 'r' | 'f' | 'm'
export type Condition = Partial<Record<Dimension | 'sum', Range>>
/** Limits for the scores 5, 4, 3 and 2. */
export type Thresholds = { recency_days: number[]; frequency: number[]; monetary: string[] }

/** As `zhike rules show` prints them; docs/guides/rfm.md describes them. */
export type RfmRules = {
  version: number
  mode: 'quantile' | 'thresholds'
  thresholds: Thresholds
  segments: { segment: Segment; when: Condition }[]
  tiers: { tier: Tier; when: Condition }[]
}

// The document calls the rules an object without saying more, which the generated types read as an empty one.
const wire = (rules: RfmRules) => rules as unknown as Record<string, never>

export const rfmRulesQuery = queryOptions({
  queryKey: ['rfm-rules'],
  queryFn: async ({ signal }) => {
    const answer = await unwrap(client.GET('/api/v1/rfm/rules', { signal }))
    return { ...answer, rules: answer.rules as unknown as RfmRules, usual: answer.usual as unknown as RfmRules }
  },
})

export const previewRules = (rules: RfmRules) => unwrap(client.POST('/api/v1/rfm/preview', { body: { rules: wire(rules) } }))

export const putRules = ({ version, rules }: { version: number; rules: RfmRules }) => unwrap(client.PUT('/api/v1/rfm/rules', { body: { version, rules: wire(rules) } }))
