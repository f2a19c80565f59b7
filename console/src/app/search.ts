// What the address of each page says: its search parameters.
import type { Role } from '../api/accounts'
import type { PartJson } from '../api/analysis'
import type { CampaignPart } from '../api/campaigns'
import type { GoodsPart } from '../api/goods'
import type { Which } from '../api/satisfaction'
import type { CampaignJson } from '../pages/campaigns/question'
import type { GoodsJson, GoodsSort } from '../pages/goods/question'
import type { SatisfactionJson } from '../pages/satisfaction/question'
import type { ActivityJson, FunnelJson, PathsJson, RetentionJson } from '../pages/insight/question'
import type { ModelName } from '../api/models'
import type { RuleJson } from '../api/segments'
import type { PeriodKind, TimelineKind } from '../api/types'
import type { Sort } from '../pages/customers/spec'
import type { RangeSearch } from '../range'
import type { Segment, Tier } from '../words'

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
/** What a new segment begins with: the rule of another, or a rule with the people behind a number. */
export type NewSegmentSearch = { from?: string | undefined; rule?: RuleJson | undefined; name?: string | undefined }
export const PROFILE_TABS = ['summary', 'timeline', 'orders', 'tags', 'segments', 'history', 'identities', 'feedback', 'consents', 'acts'] as const
export type ProfileTab = (typeof PROFILE_TABS)[number]
export const TIMELINE_KINDS = ['order', 'refund', 'event', 'interaction', 'feedback', 'touch'] as const satisfies TimelineKind[]
export type ProfileSearch = {
  view: View
  tab: ProfileTab
  /** Kinds in the timeline, parted by commas; all when absent. */
  kinds?: string | undefined
  channel?: string | undefined
  /** The timeline from this day back. */
  day?: string | undefined
  /** The day of the history that is looked at. */
  as_of?: string | undefined
  /** Request for which fields are corrected. */
  correct?: string | undefined
}
export const TAG_LEVELS = ['attribute', 'behaviour', 'value', 'put'] as const
export const TAG_SORTS = ['level', 'name', 'coverage', 'people', 'as_of'] as const
export type TagsSearch = {
  /** Words of a name, a key or what is computed. */
  q?: string | undefined
  level?: (typeof TAG_LEVELS)[number] | undefined
  /** A pack, or `own` for one's own. */
  pack?: string | undefined
  sort: (typeof TAG_SORTS)[number]
}
export type TagSearch = {
  view: View
  /** The value, or the number of the range, whose people are open. */
  value?: string | undefined
  bin?: number | undefined
}
export type NewTagSearch = { kind: 'rule' | 'manual' }
export type SatisfactionSearch = {
  spec: SatisfactionJson
  view: View
  /** Whose people are open. */
  which?: Which | undefined
}
export type TargetSearch = {
  /** The part whose parts are shown; the whole when absent. */
  path?: string[] | undefined
  /** What is open beside the page, and of which part. */
  open?: 'accounts' | 'adjust' | undefined
  of?: string[] | undefined
}
export const RFM_MEASURES = ['people', 'money', 'average'] as const
export type RfmMeasure = (typeof RFM_MEASURES)[number]
export type RfmSearch = {
  measure: RfmMeasure
  view: View
  /** Day of the scores; the newest when absent. */
  as_of?: string | undefined
  /** Whose people are open: `r-f` or `r-f-m`. */
  cell?: string | undefined
  /** Whether the rules are open. */
  rules?: boolean | undefined
}
export type ValueSearch = {
  /** Whose people are open: `cell-CHANCE-VALUE`, `risk-WORD`, `reach-POINT`, `value-RANGE`. */
  people?: string | undefined
  /** Whether definitions and advice are open. */
  settings?: boolean | undefined
}
/** The group whose people are open. */
export type GroupsSearch = { group?: number | undefined }
export type ModelsSearch = { model?: ModelName | undefined; version?: number | undefined }
export type MigrationSearch = {
  /** What customers have one of: tier, rfm_segment, tag:KEY. */
  what: string
  from?: string | undefined
  to?: string | undefined
  view: View
  /** The move whose customers are listed, when `shown`; no value stands for none. */
  before?: string | undefined
  after?: string | undefined
  shown?: boolean | undefined
  /** The customer open beside the list. */
  person?: string | undefined
}
export type ImportsSearch = { after?: string | undefined; page?: number | undefined }
export type NewImportSearch = {
  upload?: string | undefined
  /** What the rows are; found out when absent. */
  entity?: string | undefined
  /** Sheet of a workbook, or file of an archive. */
  sheet?: string | undefined
  dry?: string | undefined
  load?: string | undefined
}
export type ReportSearch = { status?: string | undefined }

export type BudgetsSearch = {
  /** The role whose budgets are being changed. */
  role?: Role | undefined
}
export type RetentionSearch = {
  /** The class whose rule is being changed, or `hold` for a new hold. */
  open?: string | undefined
}
export type SourcesSearch = {
  /** The source open beside the list; `new` for one to be made. */
  source?: string | undefined
}
export const PERIOD_KINDS = ['day', 'week', 'month', 'quarter'] as const
export const COMPARED = ['previous', 'year', 'none'] as const
export type KpisSearch = { by: PeriodKind }
export type KpiSearch = {
  by: PeriodKind
  view: View
  compare: (typeof COMPARED)[number]
  /** First and last day; the usual number of periods when absent. */
  from?: string | undefined
  to?: string | undefined
  dimension?: string | undefined
  /** The period whose people or orders are listed, and which part of its number. */
  period?: string | undefined
  value?: string | undefined
  part?: 'missing' | 'other' | undefined
  whole?: boolean | undefined
  /** The customer open beside the list. */
  person?: string | undefined
}
/** A question about behaviour, and the number of its answer whose people are listed. */
export type InsightSearch<Question> = { spec: Question; view: View; part?: PartJson | undefined }
export type FunnelSearch = InsightSearch<FunnelJson>
/** `group`: the part of the breakdown that is shown. */
export type KeptSearch = InsightSearch<RetentionJson> & { group?: number | undefined }
/** `what`: the answer that the number is of. */
export type LifeSearch = InsightSearch<ActivityJson> & { what?: 'lifecycle' | 'stickiness' | undefined }
export type PathsSearch = InsightSearch<PathsJson>
export const GOODS_TABS = ['together', 'next', 'needs', 'wanted'] as const
export type GoodsSearch = {
  tab: (typeof GOODS_TABS)[number]
  spec: GoodsJson
  sort: GoodsSort
  /** Smallest first. */
  asc?: boolean | undefined
  /** The rule whose people are listed. */
  part?: GoodsPart | undefined
}
export const CAMPAIGN_TABS = ['board', 'attribution', 'effect', 'budget', 'coupons', 'moments'] as const
export type CampaignsSearch = {
  tab: (typeof CAMPAIGN_TABS)[number]
  spec: CampaignJson
  /** The number whose people are listed. */
  part?: CampaignPart | undefined
}
export type LiveSearch = { source?: string | undefined }
export type AuditSearch = {
  /** Name of whoever acted. */
  who?: string | undefined
  /** Action, or how it begins. */
  action?: string | undefined
  /** On whom or on what. */
  on?: string | undefined
  /** Days or instants. */
  since?: string | undefined
  until?: string | undefined
}
export type ApprovalsSearch = {
  /** The one open beside the list. */
  approval?: string | undefined
}
export type IncidentsSearch = {
  /** The one open beside the list. */
  incident?: string | undefined
}
export type RequestsSearch = {
  /** The request open beside the list; `new` for one to be entered. */
  request?: string | undefined
  /** The customer for whom one is to be entered. */
  profile?: string | undefined
}
export type BindSearch = {
  /** The code that is shown. */
  code?: string | undefined
  /** The customer for whom one is to be made. */
  profile?: string | undefined
}

/** `to`: where one wanted to go. */
export type SignInSearch = {
  to?: string | undefined
  /** Why single sign-on led back here: a code. */
  sso?: string | undefined
}
export type UsersSearch = {
  /** The user open beside the list; `new` for one to be added. */
  user?: string | undefined
}
export const ROLE_VIEWS = ['permissions', 'masks', 'separation'] as const
export type RolesSearch = { view: (typeof ROLE_VIEWS)[number] }

/** Alerts: all, or only those that nobody has seen to. */
export type AlertsSearch = { all?: true }
