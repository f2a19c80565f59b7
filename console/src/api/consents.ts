// Purposes, what people said about them, and what they ask for.
import { queryOptions } from '@tanstack/react-query'
import { client, done, unwrap } from './client'
import type { NewConsent, NewCorrection, NewPersonRequest, Purpose } from './types'

export const purposesQuery = queryOptions({
  queryKey: ['purposes'],
  queryFn: ({ signal }) => unwrap(client.GET('/api/v1/purposes', { signal })),
  staleTime: 300_000,
})

/** How everybody stands on every purpose. */
export const consentsQuery = queryOptions({
  queryKey: ['consents'],
  queryFn: ({ signal }) => unwrap(client.GET('/api/v1/consents', { signal })),
})

const at = (profileId: string) => ({ path: { profile_id: profileId } })

export function profileConsentsQuery(profileId: string) {
  return queryOptions({
    queryKey: ['profile', profileId, 'consents'],
    queryFn: ({ signal }) => unwrap(client.GET('/api/v1/profiles/{profile_id}/consents', { params: at(profileId), signal })),
  })
}

export function recordConsent(profileId: string, statement: NewConsent) {
  return unwrap(client.POST('/api/v1/profiles/{profile_id}/consents', { params: at(profileId), body: { statements: [statement] } }))
}

export const requestsQuery = queryOptions({
  queryKey: ['requests'],
  queryFn: ({ signal }) => unwrap(client.GET('/api/v1/requests', { signal })),
})

export function enterRequest(request: NewPersonRequest) {
  return unwrap(client.POST('/api/v1/requests', { body: request }))
}

/** Defines a purpose, or adds a version of its notice. */
export function putPurpose(purpose: Purpose) {
  return unwrap(client.POST('/api/v1/purposes', { body: purpose }))
}

/** Corrects a field of a customer: later files and events leave it as it is. */
export function correctProfile(profileId: string, correction: NewCorrection) {
  return done(client.POST('/api/v1/profiles/{profile_id}/corrections', { params: at(profileId), body: correction }))
}

/** Withdraws a correction: the field has the value that files and events say. */
export function withdrawCorrection(profileId: string, field: string) {
  return done(client.DELETE('/api/v1/profiles/{profile_id}/corrections/{field}', { params: { path: { profile_id: profileId, field } } }))
}

const of = (requestId: string) => ({ path: { request_id: requestId } })

/** A step of a request: who asks was checked, it was carried out, it was refused. */
export function stepRequest(requestId: string, step: { check: string } | { outcome: string } | { refusal: string; outcome: string }) {
  if ('check' in step) return unwrap(client.POST('/api/v1/requests/{request_id}/check', { params: of(requestId), body: { method: step.check } }))
  if ('refusal' in step) return unwrap(client.POST('/api/v1/requests/{request_id}/refuse', { params: of(requestId), body: step }))
  return unwrap(client.POST('/api/v1/requests/{request_id}/do', { params: of(requestId), body: step }))
}

/** Makes the copy of all that is held about whoever asks: an archive under a password that is told once. */
export function copyRequest(requestId: string, language: 'zh' | 'en') {
  return unwrap(client.POST('/api/v1/requests/{request_id}/copy', { params: of(requestId), body: { language } }))
}
