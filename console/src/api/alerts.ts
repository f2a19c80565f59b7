// What is not as it should be, who has seen to it, and who is told.
import { queryOptions } from '@tanstack/react-query'
import { client, unwrap } from './client'
import type { components } from './schema'
import type { PutHooks } from './types'

type Schemas = components['schemas']
export type Alert = Schemas['Alert']
export type AlertList = Schemas['AlertList']
export type AlertMail = Schemas['AlertMail']
export type PutAlertMail = Schemas['PutAlertMail']
export type UnusualSource = Schemas['UnusualSource']

/** Open ones, or all. The menu counts the open ones, so they are asked for again now and then. */
export function alertsQuery(isAll: boolean) {
  return queryOptions({
    queryKey: ['alerts', isAll ? 'all' : 'open'],
    queryFn: ({ signal }) => unwrap(client.GET('/api/v1/alerts', { params: { query: isAll ? {} : { open: true } }, signal })),
    refetchInterval: 60_000,
  })
}

/** Notes that alerts were seen to: some, or all that are open. */
export function acknowledgeAlerts(alertIds: string[] | undefined) {
  return unwrap(client.POST('/api/v1/alerts/acknowledge', { body: { alert_ids: alertIds ?? null } }))
}

export const unusualSourcesQuery = queryOptions({
  queryKey: ['quality', 'unusual'],
  queryFn: ({ signal }) => unwrap(client.GET('/api/v1/quality/unusual', { signal })),
})

export const alertHooksQuery = queryOptions({
  queryKey: ['alert-hooks'],
  queryFn: ({ signal }) => unwrap(client.GET('/api/v1/alert-hooks', { signal })),
})

/** Puts other addresses in force, beside those whose ids are kept; the answer holds the secret that signs notices, once. */
export function putAlertHooks(next: PutHooks) {
  return unwrap(client.PUT('/api/v1/alert-hooks', { body: next }))
}

/** Sends a notice of no alert to every address. */
export function testAlertHooks() {
  return unwrap(client.POST('/api/v1/alert-hooks/test'))
}

export const alertMailQuery = queryOptions({
  queryKey: ['alert-mail'],
  queryFn: ({ signal }) => unwrap(client.GET('/api/v1/alert-mail', { signal })),
})

export function putAlertMail(next: PutAlertMail) {
  return unwrap(client.PUT('/api/v1/alert-mail', { body: next }))
}

export function removeAlertMail() {
  return unwrap(client.DELETE('/api/v1/alert-mail'))
}

export function testAlertMail() {
  return unwrap(client.POST('/api/v1/alert-mail/test'))
}
