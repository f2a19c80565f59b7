// Every entry of the menu once: where it leads, who sees it, and how it looks.
import {
  AimOutlined,
  AlertOutlined,
  ApartmentOutlined,
  ApiOutlined,
  AuditOutlined,
  BarChartOutlined,
  BellOutlined,
  CheckSquareOutlined,
  DashboardOutlined,
  FileProtectOutlined,
  FilterOutlined,
  HeatMapOutlined,
  HourglassOutlined,
  IdcardOutlined,
  ExperimentOutlined,
  FundOutlined,
  ClusterOutlined,
  ImportOutlined,
  KeyOutlined,
  LineChartOutlined,
  LockOutlined,
  NodeIndexOutlined,
  OrderedListOutlined,
  QrcodeOutlined,
  ReadOutlined,
  RetweetOutlined,
  NotificationOutlined,
  RiseOutlined,
  SafetyCertificateOutlined,
  SecurityScanOutlined,
  ShoppingOutlined,
  SmileOutlined,
  SolutionOutlined,
  SwapOutlined,
  TagsOutlined,
  TeamOutlined,
  ThunderboltOutlined,
  UsergroupAddOutlined,
  UserSwitchOutlined,
} from '@ant-design/icons'
import { useQuery } from '@tanstack/react-query'
import { useMemo, type ComponentType } from 'react'
import type { Permission, Session } from '../api/accounts'
import { approvalsQuery } from '../api/watch'
import type { zh } from '../i18n/zh'
import { isAllowed, useSession } from './session'

export type PlacePath =
  | '/'
  | '/alerts'
  | '/customers'
  | '/customers/segments'
  | '/customers/tags'
  | '/insight/kpis'
  | '/insight/rfm'
  | '/insight/value'
  | '/insight/groups'
  | '/data/models'
  | '/insight/funnel'
  | '/insight/retention'
  | '/insight/life'
  | '/insight/paths'
  | '/insight/goods'
  | '/insight/satisfaction'
  | '/insight/migration'
  | '/engage/campaigns'
  | '/engage/targets'
  | '/data/imports'
  | '/data/quality'
  | '/data/identity'
  | '/data/sources'
  | '/data/live'
  | '/data/bind'
  | '/governance/consents'
  | '/governance/requests'
  | '/governance/approvals'
  | '/governance/audit'
  | '/governance/incidents'
  | '/governance/budgets'
  | '/governance/retention'
  | '/governance/grades'
  | '/governance/register'
  | '/governance/keys'
  | '/governance/users'
  | '/governance/roles'
  | '/governance/api-keys'
  | '/governance/sso'

export type Place = {
  to: PlacePath
  name: keyof typeof zh.nav
  /** What one must be allowed to see it and to open its page. */
  needs: Permission
  icon: ComponentType<{ 'aria-hidden'?: 'true' }>
  /** Below its path, but entries of their own. */
  except?: readonly PlacePath[]
}
export type Group = { name?: keyof typeof zh.nav; places: readonly Place[] }

export const GROUPS: readonly Group[] = [
  {
    places: [
      { to: '/', name: 'overview', needs: 'figures.read', icon: LineChartOutlined },
      { to: '/alerts', name: 'alerts', needs: 'figures.read', icon: BellOutlined },
    ],
  },
  {
    name: 'customers',
    places: [
      { to: '/customers', name: 'profiles', needs: 'profiles.read', icon: TeamOutlined, except: ['/customers/segments', '/customers/tags'] },
      { to: '/customers/segments', name: 'segments', needs: 'segments.read', icon: ApartmentOutlined },
      { to: '/customers/tags', name: 'tags', needs: 'tags.read', icon: TagsOutlined },
    ],
  },
  {
    name: 'insight',
    places: [
      { to: '/insight/kpis', name: 'kpis', needs: 'figures.read', icon: BarChartOutlined },
      { to: '/insight/rfm', name: 'rfm', needs: 'figures.read', icon: HeatMapOutlined },
      { to: '/insight/value', name: 'value', needs: 'figures.read', icon: FundOutlined },
      { to: '/insight/groups', name: 'groups', needs: 'figures.read', icon: ClusterOutlined },
      { to: '/insight/migration', name: 'migration', needs: 'figures.read', icon: SwapOutlined },
      { to: '/insight/funnel', name: 'funnel', needs: 'figures.read', icon: FilterOutlined },
      { to: '/insight/retention', name: 'retention_of', needs: 'figures.read', icon: RetweetOutlined },
      { to: '/insight/life', name: 'life', needs: 'figures.read', icon: RiseOutlined },
      { to: '/insight/paths', name: 'paths', needs: 'figures.read', icon: NodeIndexOutlined },
      { to: '/insight/goods', name: 'goods', needs: 'figures.read', icon: ShoppingOutlined },
      { to: '/insight/satisfaction', name: 'satisfaction', needs: 'figures.read', icon: SmileOutlined },
    ],
  },
  {
    name: 'engage',
    places: [
      { to: '/engage/campaigns', name: 'campaigns', needs: 'figures.read', icon: NotificationOutlined },
      { to: '/engage/targets', name: 'targets', needs: 'figures.read', icon: AimOutlined },
    ],
  },
  {
    name: 'data',
    places: [
      { to: '/data/imports', name: 'imports', needs: 'imports.read', icon: ImportOutlined },
      { to: '/data/quality', name: 'quality', needs: 'imports.read', icon: SafetyCertificateOutlined },
      { to: '/data/identity', name: 'identity', needs: 'imports.read', icon: UsergroupAddOutlined },
      { to: '/data/models', name: 'models', needs: 'figures.read', icon: ExperimentOutlined },
      { to: '/data/sources', name: 'sources', needs: 'sources.manage', icon: ApiOutlined },
      { to: '/data/live', name: 'live', needs: 'sources.read', icon: ThunderboltOutlined },
      { to: '/data/bind', name: 'bind', needs: 'bindings.manage', icon: QrcodeOutlined },
    ],
  },
  {
    name: 'governance',
    places: [
      { to: '/governance/consents', name: 'consents', needs: 'consents.read', icon: FileProtectOutlined },
      { to: '/governance/requests', name: 'requests', needs: 'requests.start', icon: SolutionOutlined },
      { to: '/governance/approvals', name: 'approvals', needs: 'account.own', icon: CheckSquareOutlined },
      { to: '/governance/audit', name: 'audit', needs: 'audit.security', icon: AuditOutlined },
      { to: '/governance/incidents', name: 'incidents', needs: 'incidents.manage', icon: AlertOutlined },
      { to: '/governance/budgets', name: 'budgets', needs: 'incidents.manage', icon: DashboardOutlined },
      { to: '/governance/retention', name: 'retention', needs: 'policy.change', icon: HourglassOutlined },
      { to: '/governance/grades', name: 'grades', needs: 'policy.change', icon: OrderedListOutlined },
      { to: '/governance/register', name: 'register', needs: 'compliance.manage', icon: ReadOutlined },
      { to: '/governance/keys', name: 'data_keys', needs: 'encryption.disable', icon: SecurityScanOutlined },
      { to: '/governance/users', name: 'users', needs: 'users.read', icon: UserSwitchOutlined },
      { to: '/governance/roles', name: 'roles', needs: 'users.read', icon: LockOutlined },
      { to: '/governance/api-keys', name: 'api_keys', needs: 'keys.manage', icon: KeyOutlined },
      { to: '/governance/sso', name: 'sso', needs: 'policy.change', icon: IdcardOutlined },
    ],
  },
]

/** Where the work of a role begins; the first that is allowed counts. */
const HOMES: Record<string, readonly PlacePath[]> = {
  admin: ['/'],
  operator: ['/'],
  analyst: ['/insight/kpis'],
  service: ['/customers'],
  system_admin: ['/governance/users'],
  security_admin: ['/governance/roles'],
  audit_admin: ['/governance/audit'],
}

const PLACES = GROUPS.flatMap((group) => group.places)

/** What one must be allowed to open a page of the menu. */
export function neededAt(path: PlacePath): Permission {
  const found = PLACES.find((place) => place.to === path)
  if (!found) throw new Error(`no place ${path}`)
  return found.needs
}

/** The menu of somebody, without what they may not open; approvals are there for whoever decides on them or asked for one. */
export function groupsFor(session: Session | null | undefined, hasAsked = false): Group[] {
  const isShown = ({ to, needs }: Place) => isAllowed(session, needs) && (to !== '/governance/approvals' || hasAsked || isAllowed(session, 'approvals.decide'))
  return GROUPS.map((group) => ({ ...group, places: group.places.filter(isShown) })).filter((group) => group.places.length > 0)
}

/** Where somebody's work begins. */
export function homeOf(session: Session): PlacePath | '/account' {
  const wanted = session.user.roles.flatMap((role) => HOMES[role] ?? [])
  return wanted.find((to) => isAllowed(session, neededAt(to))) ?? groupsFor(session)[0]?.places[0]?.to ?? '/account'
}

/** The menu of whoever is signed in. */
export function useGroups(): Group[] {
  const session = useSession()
  const mayAsk = isAllowed(session, 'exports.make')
  const hasAsked = useQuery({ ...approvalsQuery, enabled: mayAsk, select: ({ items }) => items.length > 0 }).data ?? false
  return useMemo(() => groupsFor(session, hasAsked), [session, hasAsked])
}
