// Every route once, with the search parameters it understands. The URL is the state: what is not here is not kept.
import type { QueryClient } from '@tanstack/react-query'
import { createRootRouteWithContext, createRoute, createRouter, lazyRouteComponent, redirect, stripSearchParams, type SearchSchemaInput } from '@tanstack/react-router'
import { apiKeysQuery, ROLES, rolesQuery, sessionQuery, setupQuery, ssoQuery, usersQuery, type Permission, type Session } from '../api/accounts'
import { budgetsQuery, gradesQuery, keysQuery, registerQuery, retentionQuery } from '../api/governance'
import { alertsQuery } from '../api/alerts'
import { identityHealthQuery } from '../api/identity'
import { approvalsQuery, auditQuery, incidentsQuery } from '../api/watch'
import { consentsQuery, requestsQuery } from '../api/consents'
import type { PartJson } from '../api/analysis'
import type { CampaignPart } from '../api/campaigns'
import type { GoodsPart } from '../api/goods'
import { WHICH } from '../api/satisfaction'
import { targetQuery, targetsQuery } from '../api/targets'
import { kpiQuery, kpisQuery } from '../api/kpis'
import { FIRST_CAMPAIGNS, knownCampaigns } from '../pages/campaigns/question'
import { FIRST_GOODS, GOODS_SORTS, knownGoods } from '../pages/goods/question'
import { FIRST_SATISFACTION, knownSatisfaction } from '../pages/satisfaction/question'
import { FIRST_FUNNEL, FIRST_LIFE, FIRST_PATHS, FIRST_RETENTION, readQuestion } from '../pages/insight/question'
import { historyDaysQuery, movesQuery } from '../api/history'
import { timelineQuery } from '../api/person'
import { boardQuery, groupsQuery, MODELS, modelsQuery } from '../api/models'
import { bindingsQuery, importQuery, importsQuery, overviewQuery, profileOrdersQuery, profileQuery, qualityQuery, rfmQuery, sourcesQuery, workspaceQuery } from '../api/queries'
import { segmentQuery, segmentsQuery, type RuleJson } from '../api/segments'
import { tagQuery, tagsQuery } from '../api/tags'
import type { TimelineKind } from '../api/types'
import { SORTS } from '../pages/customers/spec'
import { daysOf, DEFAULT_RANGE, readRange } from '../range'
import { SEGMENTS, TIERS } from '../words'
import { Frame } from './Frame'
import { CrashedPage, MissingPage, NoSessionPage } from './outside'
import { homeOf, neededAt, type PlacePath } from './places'
import {
  type AlertsSearch,
  METRICS,
  CAMPAIGN_TABS,
  type CampaignsSearch,
  GOODS_TABS,
  type GoodsSearch,
  type View,
  type OverviewSearch,
  FIGURES,
  type CustomersSearch,
  type SegmentsSearch,
  type SegmentSearch,
  type NewSegmentSearch,
  PROFILE_TABS,
  TIMELINE_KINDS,
  type ProfileSearch,
  TAG_LEVELS,
  TAG_SORTS,
  type TagsSearch,
  type TagSearch,
  type SatisfactionSearch,
  type TargetSearch,
  type NewTagSearch,
  RFM_MEASURES,
  type RfmSearch,
  type ValueSearch,
  type GroupsSearch,
  type ModelsSearch,
  type MigrationSearch,
  type ImportsSearch,
  type NewImportSearch,
  type ReportSearch,
  type BudgetsSearch,
  type RetentionSearch,
  type SourcesSearch,
  PERIOD_KINDS,
  COMPARED,
  type KpisSearch,
  type KpiSearch,
  type InsightSearch,
  type FunnelSearch,
  type KeptSearch,
  type LifeSearch,
  type PathsSearch,
  type LiveSearch,
  type AuditSearch,
  type ApprovalsSearch,
  type IncidentsSearch,
  type RequestsSearch,
  type BindSearch,
  type SignInSearch,
  type UsersSearch,
  ROLE_VIEWS,
  type RolesSearch,
} from './search'
import { Forbidden, isAllowed } from './session'
import { wantedPath } from './wanted'

type Raw = Record<string, unknown>

const DAY = /^\d{4}-\d{2}-\d{2}$/
const dayIn = (value: unknown) => (typeof value === 'string' && DAY.test(value) ? value : undefined)
const text = (value: unknown) => (typeof value === 'string' && value !== '' ? value : typeof value === 'number' ? String(value) : undefined)
const oneOf = <T extends string>(all: readonly T[], value: unknown) => all.find((each) => each === value)
const object = (value: unknown) => (typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as RuleJson) : undefined)
const view = (value: unknown): View => (value === 'table' ? 'table' : 'chart')
const page = (raw: Raw) => {
  const after = text(raw.after)
  return after ? { after, page: typeof raw.page === 'number' && raw.page > 1 ? Math.floor(raw.page) : 2 } : {}
}

/** The kinds that a search parameter names. */
export const kindsIn = (value: unknown): TimelineKind[] => TIMELINE_KINDS.filter((kind) => typeof value === 'string' && value.split(',').includes(kind))

const behind = (raw: Raw) => {
  const figure = oneOf(FIGURES, raw.behind)
  const days = readRange({ range: 'custom', from: raw.from, to: raw.to })
  return figure && days.from && days.to ? { behind: figure, from: days.from, to: days.to } : {}
}

const daysBetween = (raw: Raw) => ({ from: dayIn(raw.from), to: dayIn(raw.to) })

/** Asked for before the page is there; the page shows what has failed. */
function ahead(answer: Promise<unknown>): void {
  answer.catch(() => undefined)
}

const ACCOUNT = '/account'

const root = createRootRouteWithContext<{ queryClient: QueryClient }>()({
  component: Frame,
  errorComponent: NoSessionPage,
  notFoundComponent: MissingPage,
  // Nothing is asked for before it is known by whom.
  beforeLoad: async ({ context: { queryClient }, location, matches }) => {
    const session = await queryClient.query(sessionQuery)
    if (matches.some((match) => match.staticData.isOutside)) return { session }
    if (!session) {
      const { needed } = await queryClient.query(setupQuery)
      if (needed) throw redirect({ to: '/setup' })
      throw redirect({ to: '/sign-in', search: { to: wantedPath(location.href) } })
    }
    if (session.user.must_change_password && location.pathname !== ACCOUNT) throw redirect({ to: ACCOUNT })
    return { session }
  },
  loader: ({ context }) => {
    if (context.session) ahead(context.queryClient.query(workspaceQuery))
  },
})

/** Keeps a page, and what it would ask for, from those who may not open it. */
function needs(permission: Permission) {
  return {
    beforeLoad: ({ context: { session } }: { context: { session: Session | null } }) => {
      if (session && !isAllowed(session, permission)) throw new Forbidden(permission)
    },
  }
}

/** A page of the menu, for those who see it there. */
const place = (path: PlacePath) => needs(neededAt(path))

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  staticData: { isOutside: true },
  validateSearch: (raw: SignInSearch & SearchSchemaInput): SignInSearch => ({ to: wantedPath(text(raw.to)), sso: text(raw.sso) }),
  loader: ({ context }) => ahead(context.queryClient.query(setupQuery)),
  beforeLoad: ({ context: { session } }) => {
    if (session) throw redirect({ to: '/' })
  },
  component: lazyRouteComponent(() => import('../pages/accounts/SignInPage')),
})

const setup = createRoute({
  getParentRoute: () => root,
  path: '/setup',
  staticData: { isOutside: true },
  loader: ({ context }) => ahead(context.queryClient.query(setupQuery)),
  component: lazyRouteComponent(() => import('../pages/accounts/SetupPage')),
})

const account = createRoute({
  getParentRoute: () => root,
  path: ACCOUNT,
  component: lazyRouteComponent(() => import('../pages/accounts/AccountPage')),
})

const users = createRoute({
  getParentRoute: () => root,
  path: '/governance/users',
  ...place('/governance/users'),
  validateSearch: (raw: UsersSearch & SearchSchemaInput): UsersSearch => ({ user: text(raw.user) }),
  loader: ({ context }) => ahead(context.queryClient.query(usersQuery)),
  component: lazyRouteComponent(() => import('../pages/accounts/UsersPage')),
})

const roles = createRoute({
  getParentRoute: () => root,
  path: '/governance/roles',
  ...place('/governance/roles'),
  validateSearch: (raw: Partial<RolesSearch> & SearchSchemaInput): RolesSearch => ({ view: oneOf(ROLE_VIEWS, raw.view) ?? 'permissions' }),
  search: { middlewares: [stripSearchParams({ view: 'permissions' })] },
  loader: ({ context }) => ahead(context.queryClient.query(rolesQuery)),
  component: lazyRouteComponent(() => import('../pages/accounts/RolesPage')),
})

const apiKeys = createRoute({
  getParentRoute: () => root,
  path: '/governance/api-keys',
  ...place('/governance/api-keys'),
  loader: ({ context }) => ahead(context.queryClient.query(apiKeysQuery)),
  component: lazyRouteComponent(() => import('../pages/accounts/ApiKeysPage')),
})

const sso = createRoute({
  getParentRoute: () => root,
  path: '/governance/sso',
  ...place('/governance/sso'),
  loader: ({ context }) => ahead(context.queryClient.query(ssoQuery)),
  component: lazyRouteComponent(() => import('../pages/accounts/SsoPage')),
})

const overview = createRoute({
  getParentRoute: () => root,
  path: '/',
  // Everybody comes by here: who may not see it goes on to their own work.
  beforeLoad: ({ context: { session } }) => {
    if (session && !isAllowed(session, neededAt('/'))) throw redirect({ to: homeOf(session) })
  },
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
  ...place('/customers'),
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
  ...place('/customers/segments'),
  validateSearch: (raw: SegmentsSearch & SearchSchemaInput): SegmentsSearch => ({ q: text(raw.q), bin: raw.bin === true ? true : undefined }),
  loaderDeps: ({ search: { bin } }) => ({ bin }),
  loader: ({ context, deps }) => ahead(context.queryClient.query(segmentsQuery(deps.bin === true))),
  component: lazyRouteComponent(() => import('../pages/segments/SegmentsPage')),
})

const segment = createRoute({
  getParentRoute: () => root,
  path: '/customers/segments/$segmentId',
  ...needs('segments.read'),
  validateSearch: (raw: Partial<SegmentSearch> & SearchSchemaInput): SegmentSearch => ({ view: view(raw.view), person: text(raw.person), with: text(raw.with), over: text(raw.over) }),
  search: { middlewares: [stripSearchParams({ view: 'chart' })] },
  loader: ({ context, params }) => ahead(context.queryClient.query(segmentQuery(params.segmentId))),
  component: lazyRouteComponent(() => import('../pages/segments/SegmentPage')),
})

const newSegment = createRoute({
  getParentRoute: () => root,
  path: '/customers/segments/new',
  ...needs('segments.write'),
  validateSearch: (raw: NewSegmentSearch & SearchSchemaInput): NewSegmentSearch => ({ from: text(raw.from), rule: object(raw.rule), name: text(raw.name) }),
  component: lazyRouteComponent(() => import('../pages/segments/NewSegmentPage')),
})

const editSegment = createRoute({
  getParentRoute: () => root,
  path: '/customers/segments/$segmentId/edit',
  ...needs('segments.write'),
  loader: ({ context, params }) => ahead(context.queryClient.query(segmentQuery(params.segmentId))),
  component: lazyRouteComponent(() => import('../pages/segments/EditSegmentPage')),
})

const profile = createRoute({
  getParentRoute: () => root,
  path: '/customers/$profileId',
  ...needs('profiles.read'),
  validateSearch: (raw: Partial<ProfileSearch> & SearchSchemaInput): ProfileSearch => ({
    view: view(raw.view),
    tab: oneOf(PROFILE_TABS, raw.tab) ?? 'summary',
    kinds: kindsIn(raw.kinds).join() || undefined,
    channel: text(raw.channel),
    day: dayIn(raw.day),
    as_of: dayIn(raw.as_of),
    correct: text(raw.correct),
  }),
  search: { middlewares: [stripSearchParams({ view: 'chart', tab: 'summary' })] },
  loaderDeps: ({ search: { tab, kinds, channel, day } }) => ({ tab, kinds, channel, day }),
  loader: ({ context, params, deps: { tab, kinds, channel, day } }) => {
    ahead(context.queryClient.query(profileQuery(params.profileId)))
    if (tab === 'summary' || tab === 'orders') ahead(context.queryClient.infiniteQuery(profileOrdersQuery(params.profileId)))
    if (tab === 'timeline') ahead(context.queryClient.infiniteQuery(timelineQuery(params.profileId, { kinds: kindsIn(kinds), channel, day })))
  },
  component: lazyRouteComponent(() => import('../pages/customers/ProfilePage')),
})

const migration = createRoute({
  getParentRoute: () => root,
  path: '/insight/migration',
  ...place('/insight/migration'),
  validateSearch: (raw: Partial<MigrationSearch> & SearchSchemaInput): MigrationSearch => ({
    what: text(raw.what) ?? 'tier',
    ...daysBetween(raw),
    view: view(raw.view),
    before: text(raw.before),
    after: text(raw.after),
    shown: raw.shown === true ? true : undefined,
    person: text(raw.person),
  }),
  search: { middlewares: [stripSearchParams({ what: 'tier', view: 'chart' })] },
  loaderDeps: ({ search: { what, from, to } }) => ({ what, from, to }),
  loader: ({ context, deps }) => {
    const ask = async () => {
      const { items } = await context.queryClient.query(historyDaysQuery(deps.what))
      if (items.length > 1) await context.queryClient.query(movesQuery(deps))
    }
    ahead(ask())
  },
  component: lazyRouteComponent(() => import('../pages/history/MigrationPage')),
})

const tags = createRoute({
  getParentRoute: () => root,
  path: '/customers/tags',
  ...place('/customers/tags'),
  validateSearch: (raw: Partial<TagsSearch> & SearchSchemaInput): TagsSearch => ({ q: text(raw.q), level: oneOf(TAG_LEVELS, raw.level), pack: text(raw.pack), sort: oneOf(TAG_SORTS, raw.sort) ?? 'level' }),
  search: { middlewares: [stripSearchParams({ sort: 'level' })] },
  loader: ({ context }) => ahead(context.queryClient.query(tagsQuery)),
  component: lazyRouteComponent(() => import('../pages/tags/TagsPage')),
})

const tag = createRoute({
  getParentRoute: () => root,
  path: '/customers/tags/$key',
  ...needs('tags.read'),
  validateSearch: (raw: Partial<TagSearch> & SearchSchemaInput): TagSearch => ({
    view: view(raw.view),
    value: typeof raw.value === 'boolean' ? String(raw.value) : text(raw.value),
    bin: typeof raw.bin === 'number' && raw.bin >= 0 ? Math.floor(raw.bin) : undefined,
  }),
  search: { middlewares: [stripSearchParams({ view: 'chart' })] },
  loader: ({ context, params }) => ahead(context.queryClient.query(tagQuery(params.key))),
  component: lazyRouteComponent(() => import('../pages/tags/TagPage')),
})

const newTag = createRoute({
  getParentRoute: () => root,
  path: '/customers/tags/new',
  ...needs('tags.write'),
  validateSearch: (raw: Partial<NewTagSearch> & SearchSchemaInput): NewTagSearch => ({ kind: raw.kind === 'manual' ? 'manual' : 'rule' }),
  search: { middlewares: [stripSearchParams({ kind: 'rule' })] },
  component: lazyRouteComponent(() => import('../pages/tags/NewTagPage')),
})

const editTag = createRoute({
  getParentRoute: () => root,
  path: '/customers/tags/$key/edit',
  ...needs('tags.write'),
  loader: ({ context, params }) => ahead(context.queryClient.query(tagQuery(params.key))),
  component: lazyRouteComponent(() => import('../pages/tags/EditTagPage')),
})

const rfm = createRoute({
  getParentRoute: () => root,
  path: '/insight/rfm',
  ...place('/insight/rfm'),
  validateSearch: (raw: Partial<RfmSearch> & SearchSchemaInput): RfmSearch => ({
    measure: oneOf(RFM_MEASURES, raw.measure) ?? 'people',
    view: view(raw.view),
    as_of: dayIn(raw.as_of),
    cell: typeof raw.cell === 'string' && /^[1-5](-[1-5]){1,2}$/.test(raw.cell) ? raw.cell : undefined,
    rules: raw.rules === true ? true : undefined,
  }),
  search: { middlewares: [stripSearchParams({ measure: 'people', view: 'chart' })] },
  loaderDeps: ({ search }) => ({ as_of: search.as_of }),
  loader: ({ context, deps }) => ahead(context.queryClient.query(rfmQuery(deps.as_of))),
  component: lazyRouteComponent(() => import('../pages/rfm/RfmPage')),
})

const value = createRoute({
  getParentRoute: () => root,
  path: '/insight/value',
  ...place('/insight/value'),
  validateSearch: (raw: ValueSearch & SearchSchemaInput): ValueSearch => ({
    people: typeof raw.people === 'string' && /^(cell-\d+-\d+|risk-(high|medium|low)|(reach|value)-\d+)$/.test(raw.people) ? raw.people : undefined,
    settings: raw.settings === true ? true : undefined,
  }),
  loader: ({ context }) => ahead(context.queryClient.query(boardQuery)),
  component: lazyRouteComponent(() => import('../pages/models/ValuePage')),
})

const groups = createRoute({
  getParentRoute: () => root,
  path: '/insight/groups',
  ...place('/insight/groups'),
  validateSearch: (raw: GroupsSearch & SearchSchemaInput): GroupsSearch => ({ group: typeof raw.group === 'number' ? raw.group : undefined }),
  loader: ({ context }) => ahead(context.queryClient.query(groupsQuery)),
  component: lazyRouteComponent(() => import('../pages/models/GroupsPage')),
})

const models = createRoute({
  getParentRoute: () => root,
  path: '/data/models',
  ...place('/data/models'),
  validateSearch: (raw: ModelsSearch & SearchSchemaInput): ModelsSearch => ({
    model: oneOf(MODELS, raw.model),
    version: typeof raw.version === 'number' ? raw.version : undefined,
  }),
  loader: ({ context }) => ahead(context.queryClient.query(modelsQuery)),
  component: lazyRouteComponent(() => import('../pages/models/ModelsPage')),
})

const quality = createRoute({
  getParentRoute: () => root,
  path: '/data/quality',
  ...place('/data/quality'),
  loader: ({ context }) => {
    ahead(context.queryClient.query(qualityQuery))
    ahead(context.queryClient.query(sourcesQuery))
  },
  component: lazyRouteComponent(() => import('../pages/quality/QualityPage')),
})

const imports = createRoute({
  getParentRoute: () => root,
  path: '/data/imports',
  ...place('/data/imports'),
  validateSearch: (raw: ImportsSearch & SearchSchemaInput): ImportsSearch => page(raw),
  loaderDeps: ({ search: { after } }) => ({ after }),
  loader: ({ context, deps }) => ahead(context.queryClient.query(importsQuery(deps.after))),
  component: lazyRouteComponent(() => import('../pages/imports/ImportsPage')),
})

const newImport = createRoute({
  getParentRoute: () => root,
  path: '/data/imports/new',
  ...needs('imports.run'),
  validateSearch: (raw: NewImportSearch & SearchSchemaInput): NewImportSearch => ({ upload: text(raw.upload), entity: text(raw.entity), sheet: text(raw.sheet), dry: text(raw.dry), load: text(raw.load) }),
  component: lazyRouteComponent(() => import('../pages/imports/NewImportPage')),
})

const report = createRoute({
  getParentRoute: () => root,
  path: '/data/imports/$batchId',
  ...needs('imports.read'),
  validateSearch: (raw: ReportSearch & SearchSchemaInput): ReportSearch => ({ status: text(raw.status) }),
  loader: ({ context, params }) => ahead(context.queryClient.query(importQuery(params.batchId))),
  component: lazyRouteComponent(() => import('../pages/imports/ReportPage')),
})

const sources = createRoute({
  getParentRoute: () => root,
  path: '/data/sources',
  ...place('/data/sources'),
  validateSearch: (raw: SourcesSearch & SearchSchemaInput): SourcesSearch => ({ source: text(raw.source) }),
  loader: ({ context }) => ahead(context.queryClient.query(sourcesQuery)),
  component: lazyRouteComponent(() => import('../pages/sources/SourcesPage')),
})

const kpis = createRoute({
  getParentRoute: () => root,
  path: '/insight/kpis',
  ...place('/insight/kpis'),
  validateSearch: (raw: Partial<KpisSearch> & SearchSchemaInput): KpisSearch => ({ by: oneOf(PERIOD_KINDS, raw.by) ?? 'month' }),
  search: { middlewares: [stripSearchParams({ by: 'month' })] },
  loaderDeps: ({ search: { by } }) => ({ by }),
  loader: ({ context, deps }) => ahead(context.queryClient.query(kpisQuery(deps.by))),
  component: lazyRouteComponent(() => import('../pages/kpis/KpisPage')),
})

const kpi = createRoute({
  getParentRoute: () => root,
  path: '/insight/kpis/$key',
  ...needs('figures.read'),
  validateSearch: (raw: Partial<KpiSearch> & SearchSchemaInput): KpiSearch => {
    const days = readRange({ range: 'custom', from: raw.from, to: raw.to })
    return {
      by: oneOf(PERIOD_KINDS, raw.by) ?? 'month',
      view: view(raw.view),
      compare: oneOf(COMPARED, raw.compare) ?? 'previous',
      ...(days.from && days.to ? { from: days.from, to: days.to } : {}),
      dimension: text(raw.dimension),
      period: text(raw.period),
      value: text(raw.value),
      part: oneOf(['missing', 'other'] as const, raw.part),
      whole: raw.whole === true ? true : undefined,
      person: text(raw.person),
    }
  },
  search: { middlewares: [stripSearchParams({ by: 'month', view: 'chart', compare: 'previous' })] },
  loaderDeps: ({ search: { by, from, to, dimension } }) => ({ by, from, to, dimension }),
  loader: ({ context, params, deps }) => ahead(context.queryClient.query(kpiQuery(params.key, deps))),
  component: lazyRouteComponent(() => import('../pages/kpis/KpiPage')),
})

const partOf = (raw: unknown) => (typeof raw === 'object' && raw !== null && !Array.isArray(raw) ? (raw as PartJson) : undefined)
const insightOf = <T extends object>(raw: Partial<InsightSearch<T>>, usual: T): InsightSearch<T> => ({ spec: readQuestion(raw.spec, usual), view: view(raw.view), part: partOf(raw.part) })

const funnel = createRoute({
  getParentRoute: () => root,
  path: '/insight/funnel',
  ...place('/insight/funnel'),
  validateSearch: (raw: Partial<FunnelSearch> & SearchSchemaInput): FunnelSearch => insightOf(raw, FIRST_FUNNEL),
  search: { middlewares: [stripSearchParams({ spec: FIRST_FUNNEL, view: 'chart' })] },
  component: lazyRouteComponent(() => import('../pages/insight/FunnelPage')),
})

const retention_of = createRoute({
  getParentRoute: () => root,
  path: '/insight/retention',
  ...place('/insight/retention'),
  validateSearch: (raw: Partial<KeptSearch> & SearchSchemaInput): KeptSearch => ({ ...insightOf(raw, FIRST_RETENTION), group: typeof raw.group === 'number' && raw.group > 0 ? raw.group : undefined }),
  search: { middlewares: [stripSearchParams({ spec: FIRST_RETENTION, view: 'chart' })] },
  component: lazyRouteComponent(() => import('../pages/insight/RetentionPage')),
})

const life = createRoute({
  getParentRoute: () => root,
  path: '/insight/life',
  ...place('/insight/life'),
  validateSearch: (raw: Partial<LifeSearch> & SearchSchemaInput): LifeSearch => ({ ...insightOf(raw, FIRST_LIFE), what: oneOf(['lifecycle', 'stickiness'] as const, raw.what) }),
  search: { middlewares: [stripSearchParams({ spec: FIRST_LIFE, view: 'chart' })] },
  component: lazyRouteComponent(() => import('../pages/insight/LifePage')),
})

/** Whose people an address asks for, as far as it says so. */
function goodsPartOf(raw: unknown): GoodsPart | undefined {
  const given = (raw ?? {}) as Partial<Record<keyof GoodsPart, unknown>>
  const antecedent = Array.isArray(given.antecedent) ? given.antecedent.map(String) : []
  const of = oneOf(['together', 'next', 'need', 'extension'] as const, given.of)
  const which = oneOf(['both', 'left'] as const, given.which)
  // Codes of goods may look like numbers in an address.
  const consequent = text(given.consequent)
  const isBare = of === 'together' || of === 'next' ? antecedent.length === 0 : false
  if (!of || !which || isBare || consequent === undefined) return undefined
  return { of, antecedent, consequent, which }
}

const goods = createRoute({
  getParentRoute: () => root,
  path: '/insight/goods',
  ...place('/insight/goods'),
  validateSearch: (raw: Partial<GoodsSearch> & SearchSchemaInput): GoodsSearch => ({
    tab: oneOf(GOODS_TABS, raw.tab) ?? 'together',
    spec: knownGoods(readQuestion(raw.spec, FIRST_GOODS)),
    sort: oneOf(GOODS_SORTS, raw.sort) ?? 'beyond',
    asc: raw.asc === true ? true : undefined,
    part: goodsPartOf(raw.part),
  }),
  search: { middlewares: [stripSearchParams({ tab: 'together', spec: FIRST_GOODS, sort: 'beyond' })] },
  component: lazyRouteComponent(() => import('../pages/goods/GoodsPage')),
})

/** Which people of campaigns an address asks for, as far as it says so. */
function campaignPartOf(raw: unknown): CampaignPart | undefined {
  const given = (raw ?? {}) as { of?: string; key?: string | number; which?: string | number }
  const of = oneOf(['board', 'arm', 'attribution', 'uplift', 'coupons'] as const, given.of)
  if (!of || given.which === undefined) return undefined
  // Codes and tenths may look like numbers in an address.
  return { of, which: String(given.which), ...(given.key === undefined ? {} : { key: String(given.key) }) }
}

const campaigns = createRoute({
  getParentRoute: () => root,
  path: '/engage/campaigns',
  ...place('/engage/campaigns'),
  validateSearch: (raw: Partial<CampaignsSearch> & SearchSchemaInput): CampaignsSearch => ({
    tab: oneOf(CAMPAIGN_TABS, raw.tab) ?? 'board',
    spec: knownCampaigns(readQuestion(raw.spec, FIRST_CAMPAIGNS)),
    part: campaignPartOf(raw.part),
  }),
  search: { middlewares: [stripSearchParams({ tab: 'board', spec: FIRST_CAMPAIGNS })] },
  component: lazyRouteComponent(() => import('../pages/campaigns/CampaignsPage')),
})

const paths = createRoute({
  getParentRoute: () => root,
  path: '/insight/paths',
  ...place('/insight/paths'),
  validateSearch: (raw: Partial<PathsSearch> & SearchSchemaInput): PathsSearch => insightOf(raw, FIRST_PATHS),
  search: { middlewares: [stripSearchParams({ spec: FIRST_PATHS, view: 'chart' })] },
  component: lazyRouteComponent(() => import('../pages/insight/PathsPage')),
})

const satisfaction = createRoute({
  getParentRoute: () => root,
  path: '/insight/satisfaction',
  ...place('/insight/satisfaction'),
  validateSearch: (raw: Partial<SatisfactionSearch> & SearchSchemaInput): SatisfactionSearch => ({
    spec: knownSatisfaction(readQuestion(raw.spec, FIRST_SATISFACTION)),
    view: view(raw.view),
    which: oneOf(WHICH, raw.which),
  }),
  search: { middlewares: [stripSearchParams({ spec: FIRST_SATISFACTION, view: 'chart' })] },
  component: lazyRouteComponent(() => import('../pages/satisfaction/SatisfactionPage')),
})

const alerts = createRoute({
  getParentRoute: () => root,
  path: '/alerts',
  ...place('/alerts'),
  validateSearch: (raw: AlertsSearch & SearchSchemaInput): AlertsSearch => (raw.all === true ? { all: true } : {}),
  loader: ({ context }) => ahead(context.queryClient.query(alertsQuery(false))),
  component: lazyRouteComponent(() => import('../pages/alerts/AlertsPage')),
})

const targets = createRoute({
  getParentRoute: () => root,
  path: '/engage/targets',
  ...place('/engage/targets'),
  loader: ({ context }) => ahead(context.queryClient.query(targetsQuery)),
  component: lazyRouteComponent(() => import('../pages/targets/TargetsPage')),
})

/** Values of a part may look like numbers in an address. */
const valuesOf = (raw: unknown): string[] | undefined => (Array.isArray(raw) ? raw.map(String) : undefined)

const target = createRoute({
  getParentRoute: () => root,
  path: '/engage/targets/$targetId',
  ...needs('figures.read'),
  validateSearch: (raw: TargetSearch & SearchSchemaInput): TargetSearch => ({ path: valuesOf(raw.path), open: oneOf(['accounts', 'adjust'] as const, raw.open), of: valuesOf(raw.of) }),
  loader: ({ context, params }) => ahead(context.queryClient.query(targetQuery(params.targetId))),
  component: lazyRouteComponent(() => import('../pages/targets/TargetPage')),
})

const live = createRoute({
  getParentRoute: () => root,
  path: '/data/live',
  ...place('/data/live'),
  validateSearch: (raw: LiveSearch & SearchSchemaInput): LiveSearch => ({ source: text(raw.source) }),
  component: lazyRouteComponent(() => import('../pages/live/LivePage')),
})

const consents = createRoute({
  getParentRoute: () => root,
  path: '/governance/consents',
  ...place('/governance/consents'),
  loader: ({ context }) => ahead(context.queryClient.query(consentsQuery)),
  component: lazyRouteComponent(() => import('../pages/consents/ConsentsPage')),
})

const requests = createRoute({
  getParentRoute: () => root,
  path: '/governance/requests',
  ...place('/governance/requests'),
  validateSearch: (raw: RequestsSearch & SearchSchemaInput): RequestsSearch => ({ request: text(raw.request), profile: text(raw.profile) }),
  loader: ({ context }) => ahead(context.queryClient.query(requestsQuery)),
  component: lazyRouteComponent(() => import('../pages/consents/RequestsPage')),
})

const audit = createRoute({
  getParentRoute: () => root,
  path: '/governance/audit',
  ...place('/governance/audit'),
  validateSearch: (raw: AuditSearch & SearchSchemaInput): AuditSearch => ({ who: text(raw.who), action: text(raw.action), on: text(raw.on), since: text(raw.since), until: text(raw.until) }),
  loaderDeps: ({ search }) => search,
  loader: ({ context, deps }) => ahead(context.queryClient.infiniteQuery(auditQuery(deps))),
  component: lazyRouteComponent(() => import('../pages/watch/AuditPage')),
})

const approvals = createRoute({
  getParentRoute: () => root,
  path: '/governance/approvals',
  ...place('/governance/approvals'),
  validateSearch: (raw: ApprovalsSearch & SearchSchemaInput): ApprovalsSearch => ({ approval: text(raw.approval) }),
  loader: ({ context }) => ahead(context.queryClient.query(approvalsQuery)),
  component: lazyRouteComponent(() => import('../pages/watch/ApprovalsPage')),
})

const budgets = createRoute({
  getParentRoute: () => root,
  path: '/governance/budgets',
  ...place('/governance/budgets'),
  validateSearch: (raw: BudgetsSearch & SearchSchemaInput): BudgetsSearch => ({ role: oneOf(ROLES, raw.role) }),
  loader: ({ context }) => ahead(context.queryClient.query(budgetsQuery)),
  component: lazyRouteComponent(() => import('../pages/governance/BudgetsPage')),
})

const retention = createRoute({
  getParentRoute: () => root,
  path: '/governance/retention',
  ...place('/governance/retention'),
  validateSearch: (raw: RetentionSearch & SearchSchemaInput): RetentionSearch => ({ open: text(raw.open) }),
  loader: ({ context }) => ahead(context.queryClient.query(retentionQuery)),
  component: lazyRouteComponent(() => import('../pages/governance/RetentionPage')),
})

const grades = createRoute({
  getParentRoute: () => root,
  path: '/governance/grades',
  ...place('/governance/grades'),
  loader: ({ context }) => ahead(context.queryClient.query(gradesQuery)),
  component: lazyRouteComponent(() => import('../pages/governance/GradesPage')),
})

const identity = createRoute({
  getParentRoute: () => root,
  path: '/data/identity',
  ...place('/data/identity'),
  loader: ({ context }) => ahead(context.queryClient.query(identityHealthQuery)),
  component: lazyRouteComponent(() => import('../pages/identity/IdentityPage')),
})

const dataKeys = createRoute({
  getParentRoute: () => root,
  path: '/governance/keys',
  ...place('/governance/keys'),
  loader: ({ context }) => ahead(context.queryClient.query(keysQuery)),
  component: lazyRouteComponent(() => import('../pages/governance/KeysPage')),
})

const register = createRoute({
  getParentRoute: () => root,
  path: '/governance/register',
  ...place('/governance/register'),
  validateSearch: (raw: RetentionSearch & SearchSchemaInput): RetentionSearch => ({ open: text(raw.open) }),
  loader: ({ context }) => ahead(context.queryClient.query(registerQuery)),
  component: lazyRouteComponent(() => import('../pages/governance/RegisterPage')),
})

const incidents = createRoute({
  getParentRoute: () => root,
  path: '/governance/incidents',
  ...place('/governance/incidents'),
  validateSearch: (raw: IncidentsSearch & SearchSchemaInput): IncidentsSearch => ({ incident: text(raw.incident) }),
  loader: ({ context }) => ahead(context.queryClient.query(incidentsQuery)),
  component: lazyRouteComponent(() => import('../pages/watch/IncidentsPage')),
})

const bind = createRoute({
  getParentRoute: () => root,
  path: '/data/bind',
  ...place('/data/bind'),
  validateSearch: (raw: BindSearch & SearchSchemaInput): BindSearch => ({ code: text(raw.code), profile: text(raw.profile) }),
  loader: ({ context }) => ahead(context.queryClient.query(bindingsQuery)),
  component: lazyRouteComponent(() => import('../pages/bind/BindPage')),
})

export function makeRouter(queryClient: QueryClient) {
  return createRouter({
    routeTree: root.addChildren([signIn, setup, account, users, roles, apiKeys, sso, overview, alerts, customers, segments, newSegment, segment, editSegment, tags, newTag, tag, editTag, rfm, value, groups, models, migration, kpis, kpi, funnel, retention_of, life, paths, goods, satisfaction, campaigns, targets, target, profile, quality, imports, newImport, report, sources, live, bind, consents, requests, audit, approvals, incidents, budgets, retention, grades, dataKeys, register, identity]),
    context: { queryClient },
    defaultPreload: 'intent',
    defaultPreloadStaleTime: 0,
    defaultErrorComponent: CrashedPage,
    scrollRestoration: true,
  })
}

declare module '@tanstack/react-router' {
  interface StaticDataRouteOption {
    /** Stands outside the shell, for those who are not signed in. */
    isOutside?: boolean
  }
  interface Register {
    router: ReturnType<typeof makeRouter>
  }
}
