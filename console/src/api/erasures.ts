// Erasures of people, and their receipts.
import { queryOptions } from '@tanstack/react-query'
import { client, unwrap } from './client'

export const erasuresQuery = queryOptions({
  queryKey: ['erasures'],
  queryFn: ({ signal }) => unwrap(client.GET('/api/v1/erasures', { signal })),
})

/** Destroys the key of whom a granted request for deletion is about; it cannot be taken back. */
export function approveErasure(requestId: string) {
  return unwrap(client.POST('/api/v1/requests/{request_id}/erase', { params: { path: { request_id: requestId } } }))
}

/** Where the sealed receipt is. */
export function receiptUrl(erasureId: string) {
  return `/api/v1/erasures/${encodeURIComponent(erasureId)}/receipt`
}
