// How long what is kept, and how much of people's data leaves.
import { queryOptions } from '@tanstack/react-query'
import { client, unwrap } from './client'
import type { Budgets, DeclaredGrade, NewAssessment, RetentionRule } from './types'

export const retentionQuery = queryOptions({
  queryKey: ['retention'],
  queryFn: ({ signal }) => unwrap(client.GET('/api/v1/retention', { signal })),
})

export function setRetention(rule: RetentionRule) {
  return unwrap(client.PUT('/api/v1/retention/rules', { body: rule }))
}

/** Keeps a class, or one customer, from being purged and erased. */
export function addHold(hold: { class: string | null; profile_id: string | null; reason: string }) {
  return unwrap(client.POST('/api/v1/retention/holds', { body: hold }))
}

export function liftHold(holdId: string) {
  return unwrap(client.DELETE('/api/v1/retention/holds/{hold_id}', { params: { path: { hold_id: holdId } } }))
}

export function runPurge() {
  return unwrap(client.POST('/api/v1/retention/purge'))
}

export const budgetsQuery = queryOptions({
  queryKey: ['budgets'],
  queryFn: ({ signal }) => unwrap(client.GET('/api/v1/budgets', { signal })),
})

export const budgetUsesQuery = queryOptions({
  queryKey: ['budgets', 'uses'],
  queryFn: ({ signal }) => unwrap(client.GET('/api/v1/budgets/uses', { signal })),
  refetchInterval: 60_000,
})

export function setBudgets(budgets: Budgets) {
  return unwrap(client.PUT('/api/v1/budgets', { body: budgets }))
}

/** Epochs of the keys of people's data, and what of them is disabled. */
export const keysQuery = queryOptions({
  queryKey: ['encryption-keys'],
  queryFn: ({ signal }) => unwrap(client.GET('/api/v1/encryption-keys/state', { signal })),
})

export function switchKeys(disables: boolean, body: { epoch: number | null; reason: string }) {
  return unwrap(disables ? client.POST('/api/v1/encryption-keys/disable', { body }) : client.POST('/api/v1/encryption-keys/enable', { body }))
}

/** What is processed for what, as it follows from what is configured. */
export const registerQuery = queryOptions({
  queryKey: ['compliance', 'register'],
  queryFn: ({ signal }) => unwrap(client.GET('/api/v1/compliance/register', { signal })),
})

export const registerDocument = (lang: string, format: 'markdown' | 'xlsx'): string => `/api/v1/compliance/register/document?lang=${lang}&format=${format}`

export const assessmentsQuery = queryOptions({
  queryKey: ['compliance', 'assessments'],
  queryFn: ({ signal }) => unwrap(client.GET('/api/v1/compliance/assessments', { signal })),
})

export function recordAssessment(body: NewAssessment) {
  return unwrap(client.POST('/api/v1/compliance/assessments', { body }))
}

export const gradesQuery = queryOptions({
  queryKey: ['grades'],
  queryFn: ({ signal }) => unwrap(client.GET('/api/v1/grades', { signal })),
})

export function declareGrades(grades: DeclaredGrade[]) {
  return unwrap(client.PUT('/api/v1/grades', { body: { grades } }))
}
