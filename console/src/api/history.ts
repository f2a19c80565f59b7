// What the page of movement asks for, and under which key the answer is kept.
import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query'
import { client, unwrap } from './client'

/** `tier`, `rfm_segment` or `tag:KEY`, between two days; the last two that were computed when none are named. */
export type Compared = { what: string; from?: string | undefined; to?: string | undefined }

export function historyDaysQuery(what: string) {
  return queryOptions({
    queryKey: ['history', 'days', what],
    queryFn: ({ signal }) => unwrap(client.GET('/api/v1/history/days', { params: { query: { what } }, signal })),
  })
}

const asked = ({ what, from, to }: Compared) => ({ what, ...(from ? { from } : {}), ...(to ? { to } : {}) })

export function movesQuery(compared: Compared) {
  return queryOptions({
    queryKey: ['history', 'moves', compared],
    queryFn: ({ signal }) => unwrap(client.GET('/api/v1/history/moves', { params: { query: asked(compared) }, signal })),
    placeholderData: keepPreviousData,
  })
}

/** Those who had one value on the first day and another on the second; none stands for no value. */
export function moversQuery(compared: Compared, before: string | undefined, after: string | undefined) {
  return infiniteQueryOptions({
    queryKey: ['history', 'movers', compared, before, after],
    queryFn: ({ signal, pageParam }) =>
      unwrap(
        client.GET('/api/v1/history/movers', {
          params: { query: { ...asked(compared), ...(before ? { before } : {}), ...(after ? { after } : {}), ...(pageParam ? { later_than: pageParam } : {}) } },
          signal,
        }),
      ),
    initialPageParam: '',
    getNextPageParam: (page) => page.next ?? undefined,
  })
}

export function changesQuery(from: string, to: string) {
  return queryOptions({
    queryKey: ['history', 'changes', from, to],
    queryFn: ({ signal }) => unwrap(client.GET('/api/v1/history/changes', { params: { query: { from, to } }, signal })),
    placeholderData: keepPreviousData,
  })
}

export function computeDay(asOf: string) {
  return unwrap(client.POST('/api/v1/history/days', { body: { as_of: asOf } }))
}
