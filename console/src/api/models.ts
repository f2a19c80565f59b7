// What is learnt about customers: versions of models, what they say of all customers and of one.
import { queryOptions } from '@tanstack/react-query'
import { client, unwrap } from './client'
import type { components } from './schema'

export type ModelVersion = components['schemas']['ModelVersion']
export type ModelBoard = components['schemas']['ModelBoard']
export type CustomerCluster = components['schemas']['CustomerCluster']
export type ProfileInsight = components['schemas']['ProfileInsight']
export const MODELS = ['clv', 'churn', 'purchase_30', 'purchase_90', 'clusters'] as const
export type ModelName = (typeof MODELS)[number]

/** How customers are parted by risk. */
export type Tiers = { by: 'capacity'; high: number; medium: number } | { by: 'value'; high_cost: number; high_success: number; medium_cost: number; medium_success: number; margin: number }
export type ModelSettings = { churn_days: number; by_rhythm: boolean; tiers: Tiers }
export type Advised = { risk: 'high' | 'medium' | 'low'; because: string | null; zh: string; en: string }

export const modelsQuery = queryOptions({
  queryKey: ['models', 'versions'],
  queryFn: ({ signal }) => unwrap(client.GET('/api/v1/models', { signal })),
})

export const boardQuery = queryOptions({
  queryKey: ['models', 'board'],
  queryFn: ({ signal }) => unwrap(client.GET('/api/v1/models/board', { signal })),
})

export const groupsQuery = queryOptions({
  queryKey: ['models', 'groups'],
  queryFn: ({ signal }) => unwrap(client.GET('/api/v1/models/groups', { signal })),
})

export function insightQuery(profileId: string) {
  return queryOptions({
    queryKey: ['profile', profileId, 'insight'],
    queryFn: ({ signal }) => unwrap(client.GET('/api/v1/profiles/{profile_id}/insight', { params: { path: { profile_id: profileId } }, signal })),
  })
}

export const trainModel = (model: ModelName) => unwrap(client.POST('/api/v1/models/{model}/train', { params: { path: { model } }, body: { as_of: null } }))

export const modelSettingsQuery = queryOptions({
  queryKey: ['models', 'settings'],
  queryFn: async ({ signal }) => {
    const answer = await unwrap(client.GET('/api/v1/models/settings', { signal }))
    // The document calls them an object without saying more, which the generated types read as an empty one.
    return { version: answer.version, settings: answer.settings as unknown as ModelSettings }
  },
})

export const putModelSettings = ({ version, settings }: { version: number; settings: ModelSettings }) =>
  unwrap(client.PUT('/api/v1/models/settings', { body: { version, settings: settings as unknown as Record<string, never> } }))

export const adviceQuery = queryOptions({
  queryKey: ['models', 'advice'],
  queryFn: async ({ signal }) => {
    const answer = await unwrap(client.GET('/api/v1/models/advice', { signal }))
    return { version: answer.version, table: answer.table as unknown as { advice: Advised[] } }
  },
})

export const putAdvice = ({ version, advice }: { version: number; advice: Advised[] }) =>
  unwrap(client.PUT('/api/v1/models/advice', { body: { version, table: { advice } as unknown as Record<string, never> } }))
