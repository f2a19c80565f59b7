// What the pages of figures ask for, and under which key the answer is kept.
import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query'
import { client, unwrap } from './client'
import type { PeriodKind } from './types'

const PAGE_SIZE = 50
/** Values of a dimension with a colour of their own. */
const TOP = 5

export type SeriesAsk = { by: PeriodKind; from?: string | undefined; to?: string | undefined; dimension?: string | undefined }
/** Which number: of a period, of a ratio what stands below, of a breakdown which part. */
export type BehindAsk = SeriesAsk & { period: string; whole?: boolean | undefined; value?: string | undefined; part?: string | undefined }

const given = <T extends object>(ask: T) => Object.fromEntries(Object.entries(ask).filter(([, value]) => value !== undefined)) as { [K in keyof T]: Exclude<T[K], undefined> }
const at = (key: string) => ({ path: { key } })

export function kpisQuery(by: PeriodKind) {
  return queryOptions({
    queryKey: ['kpis', by],
    queryFn: ({ signal }) => unwrap(client.GET('/api/v1/kpis', { params: { query: { by } }, signal })),
    placeholderData: keepPreviousData,
  })
}

export function kpiQuery(key: string, ask: SeriesAsk) {
  return queryOptions({
    queryKey: ['kpi', key, ask],
    queryFn: ({ signal }) => unwrap(client.GET('/api/v1/kpis/{key}', { params: { ...at(key), query: { ...given(ask), top: TOP } }, signal })),
    placeholderData: keepPreviousData,
  })
}

/** What a figure will be, or would have been said to be after a day, for the usual number of periods. */
/** With a dimension, its parts too: they take longer. */
export function forecastQuery(key: string, by: PeriodKind, through: string | undefined, dimension?: string) {
  return queryOptions({
    queryKey: ['kpi', key, 'forecast', by, through, dimension],
    queryFn: ({ signal }) => unwrap(client.GET('/api/v1/kpis/{key}/forecast', { params: { ...at(key), query: given({ by, through, dimension }) }, signal })),
  })
}

/** Days of the last two weeks on which figures were not as usual. */
export const unusualQuery = queryOptions({
  queryKey: ['kpis', 'unusual'],
  queryFn: ({ signal }) => unwrap(client.GET('/api/v1/kpis/unusual', { params: { query: {} }, signal })),
})

export function behindQuery(key: string, ask: BehindAsk) {
  return infiniteQueryOptions({
    queryKey: ['kpi', key, 'behind', ask],
    queryFn: ({ signal, pageParam }) =>
      unwrap(
        client.GET('/api/v1/kpis/{key}/behind', {
          params: { ...at(key), query: { ...given(ask), top: TOP, limit: PAGE_SIZE, ...(pageParam ? { after: pageParam } : {}) } },
          signal,
        }),
      ),
    initialPageParam: '',
    getNextPageParam: (page) => page.next ?? undefined,
  })
}

export function putGoal(key: string, period: string, value: number) {
  return unwrap(client.PUT('/api/v1/kpis/{key}/goals', { params: at(key), body: { period, value } }))
}

export function removeGoal(key: string, period: string) {
  return unwrap(client.DELETE('/api/v1/kpis/{key}/goals', { params: { ...at(key), query: { period } } }))
}
