// How long what is kept, and how much of people's data leaves.
import { queryOptions } from '@tanstack/react-query'
import { client, unwrap } from './client'
import type { Budgets, DeclaredGrade, RetentionRule } from './types'

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

export const gradesQuery = queryOptions({
  queryKey: ['grades'],
  queryFn: ({ signal }) => unwrap(client.GET('/api/v1/grades', { signal })),
})

export function declareGrades(grades: DeclaredGrade[]) {
  return unwrap(client.PUT('/api/v1/grades', { body: { grades } }))
}
