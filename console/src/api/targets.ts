// What the pages of targets ask for, and under which key the answer is kept.
import { queryOptions } from '@tanstack/react-query'
import { client, unwrap } from './client'
import type { components } from './schema'

export type Target = components['schemas']['TargetSummary']
export type TargetList = components['schemas']['TargetList']
export type TargetBoard = components['schemas']['TargetBoard']
export type TargetPart = components['schemas']['TargetPart']
export type TargetAccounts = components['schemas']['TargetAccounts']
export type NewTarget = components['schemas']['NewTarget']
export type TargetSet = components['schemas']['TargetSet']

export const targetsQuery = queryOptions({
  queryKey: ['targets'],
  queryFn: ({ signal }) => unwrap(client.GET('/api/v1/targets', { signal })),
})

const at = (targetId: string) => ({ params: { path: { target_id: targetId } } })

export function targetQuery(targetId: string) {
  return queryOptions({
    queryKey: ['targets', targetId],
    queryFn: ({ signal }) => unwrap(client.GET('/api/v1/targets/{target_id}', { ...at(targetId), signal })),
  })
}

export function accountsQuery(targetId: string, path: readonly string[]) {
  return queryOptions({
    queryKey: ['targets', targetId, 'accounts', path],
    queryFn: ({ signal }) => unwrap(client.POST('/api/v1/targets/{target_id}/accounts', { ...at(targetId), body: { path: [...path], limit: null }, signal })),
  })
}

export const createTarget = (body: NewTarget) => unwrap(client.POST('/api/v1/targets', { body }))

export const changeTarget = (targetId: string, version: number, amount: number | null, parts: TargetSet[]) => unwrap(client.PUT('/api/v1/targets/{target_id}', { ...at(targetId), body: { version, amount, parts } }))

export const removeTarget = (targetId: string) => unwrap(client.DELETE('/api/v1/targets/{target_id}', at(targetId)))

export const keepAccounts = (targetId: string, path: readonly string[], limit: number, name: string) => unwrap(client.POST('/api/v1/targets/{target_id}/segment', { ...at(targetId), body: { path: [...path], limit, name } }))

/** Reads a table that was filled in. */
export const readSheet = (targetId: string, file: File) => unwrap(client.POST('/api/v1/targets/{target_id}/sheet', { ...at(targetId), body: [], bodySerializer: () => file, headers: { 'content-type': 'application/octet-stream' } }))

/** Where the table of a target can be loaded from. */
export const sheetOf = (targetId: string, lang: string) => `/api/v1/targets/${targetId}/sheet?lang=${lang}`
