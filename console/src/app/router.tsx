// Every route once, with the search parameters it understands. The URL is the state: what is not here is not kept.
import type { QueryClient } from '@tanstack/react-query'
import { createRootRouteWithContext, createRoute, createRouter, lazyRouteComponent, stripSearchParams, type SearchSchemaInput } from '@tanstack/react-router'
import { bindingsQuery, importQuery, importsQuery, overviewQuery, profileOrdersQuery, profileQuery, sourcesQuery, workspaceQuery } from '../api/queries'
import { segmentQuery, segmentsQuery, type RuleJson } from '../api/segments'
import { SORTS, type Sort } from '../pages/customers/spec'
import { daysOf, DEFAULT_RANGE, readRange, type RangeSearch } from '../range'
import { SEGMENTS, TIERS, type Segment, type Tier } from '../words'
import { CrashedPage, MissingPage } from './outside'
import { Shell } from './Shell'

export const METRICS = ['net_sales', 'orders', 'active_customers'] as const
export type Metric = (typeof METRICS)[number]
export type View = 'chart' | 'table'

export type OverviewSearch = RangeSearch & { metric: Metric; view: View }
/** Figures of the overview that count people or what people did. */
export const FIGURES = ['net_sales', 'orders', 'active_customers', 'new_customers', 'repurchase_rate', 'refund_rate'] as const
export type Figure = (typeof FIGURES)[number]

export type CustomersSearch = {
  tier?: Tier | undefined
  rfm_segment?: Segment | undefined
  after?: string | undefined
  page?: number | undefined
  /** The customer open beside the list. */
  person?: string | undefined
  /** The figure whose people are asked for, and its days. */
  behind?: Figure | undefined
  from?: string | undefined
  to?: string | undefined
  /** A segment whose people are asked for. */
  segment?: string | undefined
  /** A tag, or `tag:value`. */
  tag?: string | undefined
  /** Conditions; too long for an address, they are kept by the server under `spec`. */
  rule?: RuleJson | undefined
  spec?: string | undefined
  sort?: Sort | undefined
  /** Smallest and earliest first. */
  asc?: boolean | undefined
}
export type SegmentsSearch = {
  /** Words of a name or a rule. */
  q?: string | undefined
  /** The recycle bin instead of those in use. */
  bin?: boolean | undefined
}
export type SegmentSearch = {
  view: View
  /** The member open beside the list. */
  person?: string | undefined
  /** The segment to compare with; all customers when absent. */
  with?: string | undefined
  /** Segments to lay over it, parted by commas. */
  over?: string | undefined
}
/** A segment whose rule a new one begins with. */
export type NewSegmentSearch = { from?: string | undefined }
export type ProfileSearch = { view: View }
export type ImportsSearch = { after?: string | undefined; page?: number | undefined }
export type NewImportSearch = { upload?: string | undefined; entity?: string | undefined; dry?: string | undefined; load?: string | undefined }
export type ReportSearch = { status?: string | undefined }

export type SourcesSearch = {
  /** The source open beside the list; `new` for one to be made. */
  source?: string | undefined
}
export type LiveSearch = { source?: string | undefined }
export type BindSearch = {
  /** The code that is shown. */
  code?: string | undefined
  /** The customer for whom one is to be made. */
  profile?: string | undefined
}

type Raw = Record<string, unknown>

const text = (value: unknown) => (typeof value === 'string' && value !== '' ? value : typeof value === 'number' ? String(value) : undefined)
const oneOf = <T extends string>(all: readonly T[], value: unknown) => all.find((each) => each === value)
const object = (value: unknown) => (typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as RuleJson) : undefined)
const view = (value: unknown): View => (value === 'table' ? 'table' : 'chart')
const page = (raw: Raw) => {
  const after = text(raw.after)
  return after ? { after, page: typeof raw.page === 'number' && raw.page > 1 ? Math.floor(raw.page) : 2 } : {}
}

const behind = (raw: Raw) => {
  const figure = oneOf(FIGURES, raw.behind)
  const days = readRange({ range: 'custom', from: raw.from, to: raw.to })
  return figure && days.from && days.to ? { behind: figure, from: days.from, to: days.to } : {}
}

/** Asked for before the page is there; the page shows what has failed. */
function ahead(answer: Promise<unknown>): void {
  answer.catch(() => undefined)
}

const root = createRootRouteWithContext<{ queryClient: QueryClient }>()({
  component: Shell,
  notFoundComponent: MissingPage,
  loader: ({ context }) => ahead(context.queryClient.query(workspaceQuery)),
})

const overview = createRoute({
  getParentRoute: () => root,
  path: '/',
  validateSearch: (raw: Partial<OverviewSearch> & SearchSchemaInput): OverviewSearch => ({
    ...readRange(raw),
    metric: oneOf(METRICS, raw.metric) ?? 'net_sales',
    view: view(raw.view),
  }),
  search: { middlewares: [stripSearchParams({ ...DEFAULT_RANGE, metric: 'net_sales', view: 'chart' })] },
  loaderDeps: ({ search: { range, compare, from, to } }) => ({ range, compare, from, to }),
  loader: ({ context: { queryClient }, deps }) => {
    const ask = async () => {
      const { as_of, data_to } = await queryClient.query(workspaceQuery)
      const lastDay = as_of ?? data_to
      if (!lastDay) return
      const days = daysOf(deps, lastDay)
      await queryClient.query(overviewQuery(days.from, days.to, deps.compare))
    }
    ahead(ask())
  },
  component: lazyRouteComponent(() => import('../pages/overview/OverviewPage')),
})

const customers = createRoute({
  getParentRoute: () => root,
  path: '/customers',
  validateSearch: (raw: CustomersSearch & SearchSchemaInput): CustomersSearch => ({
    tier: oneOf(TIERS, raw.tier),
    rfm_segment: oneOf(SEGMENTS, raw.rfm_segment),
    ...page(raw),
    person: text(raw.person),
    ...behind(raw),
    segment: text(raw.segment),
    tag: text(raw.tag),
    rule: object(raw.rule),
    spec: text(raw.spec),
    sort: oneOf(SORTS, raw.sort),
    asc: raw.asc === true ? true : undefined,
  }),
  component: lazyRouteComponent(() => import('../pages/customers/CustomersPage')),
})

const segments = createRoute({
  getParentRoute: () => root,
  path: '/customers/segments',
  validateSearch: (raw: SegmentsSearch & SearchSchemaInput): SegmentsSearch => ({ q: text(raw.q), bin: raw.bin === true ? true : undefined }),
  loaderDeps: ({ search: { bin } }) => ({ bin }),
  loader: ({ context, deps }) => ahead(context.queryClient.query(segmentsQuery(deps.bin === true))),
  component: lazyRouteComponent(() => import('../pages/segments/SegmentsPage')),
})

const segment = createRoute({
  getParentRoute: () => root,
  path: '/customers/segments/$segmentId',
  validateSearch: (raw: Partial<SegmentSearch> & SearchSchemaInput): SegmentSearch => ({ view: view(raw.view), person: text(raw.person), with: text(raw.with), over: text(raw.over) }),
  search: { middlewares: [stripSearchParams({ view: 'chart' })] },
  loader: ({ context, params }) => ahead(context.queryClient.query(segmentQuery(params.segmentId))),
  component: lazyRouteComponent(() => import('../pages/segments/SegmentPage')),
})

const newSegment = createRoute({
  getParentRoute: () => root,
  path: '/customers/segments/new',
  validateSearch: (raw: NewSegmentSearch & SearchSchemaInput): NewSegmentSearch => ({ from: text(raw.from) }),
  component: lazyRouteComponent(() => import('../pages/segments/NewSegmentPage')),
})

const editSegment = createRoute({
  getParentRoute: () => root,
  path: '/customers/segments/$segmentId/edit',
  loader: ({ context, params }) => ahead(context.queryClient.query(segmentQuery(params.segmentId))),
  component: lazyRouteComponent(() => import('../pages/segments/EditSegmentPage')),
})

const profile = createRoute({
  getParentRoute: () => root,
  path: '/customers/$profileId',
  validateSearch: (raw: Partial<ProfileSearch> & SearchSchemaInput): ProfileSearch => ({ view: view(raw.view) }),
  search: { middlewares: [stripSearchParams({ view: 'chart' })] },
  loader: ({ context, params }) => {
    ahead(context.queryClient.query(profileQuery(params.profileId)))
    ahead(context.queryClient.infiniteQuery(profileOrdersQuery(params.profileId)))
  },
  component: lazyRouteComponent(() => import('../pages/customers/ProfilePage')),
})

const imports = createRoute({
  getParentRoute: () => root,
  path: '/data/imports',
  validateSearch: (raw: ImportsSearch & SearchSchemaInput): ImportsSearch => page(raw),
  loaderDeps: ({ search: { after } }) => ({ after }),
  loader: ({ context, deps }) => ahead(context.queryClient.query(importsQuery(deps.after))),
  component: lazyRouteComponent(() => import('../pages/imports/ImportsPage')),
})

const newImport = createRoute({
  getParentRoute: () => root,
  path: '/data/imports/new',
  validateSearch: (raw: NewImportSearch & SearchSchemaInput): NewImportSearch => ({ upload: text(raw.upload), entity: text(raw.entity), dry: text(raw.dry), load: text(raw.load) }),
  component: lazyRouteComponent(() => import('../pages/imports/NewImportPage')),
})

const report = createRoute({
  getParentRoute: () => root,
  path: '/data/imports/$batchId',
  validateSearch: (raw: ReportSearch & SearchSchemaInput): ReportSearch => ({ status: text(raw.status) }),
  loader: ({ context, params }) => ahead(context.queryClient.query(importQuery(params.batchId))),
  component: lazyRouteComponent(() => import('../pages/imports/ReportPage')),
})

const sources = createRoute({
  getParentRoute: () => root,
  path: '/data/sources',
  validateSearch: (raw: SourcesSearch & SearchSchemaInput): SourcesSearch => ({ source: text(raw.source) }),
  loader: ({ context }) => ahead(context.queryClient.query(sourcesQuery)),
  component: lazyRouteComponent(() => import('../pages/sources/SourcesPage')),
})

const live = createRoute({
  getParentRoute: () => root,
  path: '/data/live',
  validateSearch: (raw: LiveSearch & SearchSchemaInput): LiveSearch => ({ source: text(raw.source) }),
  component: lazyRouteComponent(() => import('../pages/live/LivePage')),
})

const bind = createRoute({
  getParentRoute: () => root,
  path: '/data/bind',
  validateSearch: (raw: BindSearch & SearchSchemaInput): BindSearch => ({ code: text(raw.code), profile: text(raw.profile) }),
  loader: ({ context }) => ahead(context.queryClient.query(bindingsQuery)),
  component: lazyRouteComponent(() => import('../pages/bind/BindPage')),
})

export function makeRouter(queryClient: QueryClient) {
  return createRouter({
    routeTree: root.addChildren([overview, customers, segments, newSegment, segment, editSegment, profile, imports, newImport, report, sources, live, bind]),
    context: { queryClient },
    defaultPreload: 'intent',
    defaultPreloadStaleTime: 0,
    defaultErrorComponent: CrashedPage,
    scrollRestoration: true,
  })
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof makeRouter>
  }
}
