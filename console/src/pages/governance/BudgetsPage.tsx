// 导出额度: how much of people's data each role may see and take, and what everybody used of it today.
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import type { TFunction } from 'i18next'
import { lazy, Suspense } from 'react'
import { useTranslation } from 'react-i18next'
import { ROLES, type Role } from '../../api/accounts'
import { budgetsQuery, budgetUsesQuery } from '../../api/governance'
import type { Budgets, BudgetUse } from '../../api/types'
import { useFormat } from '../../app/workspace'
import { Card } from '../../ui/Card'
import { DataTable, type Column } from '../../ui/DataTable'
import { Page } from '../../ui/Page'
import { ErrorNotice, Notice, Skeleton } from '../../ui/states'
import { known, word } from '../../words'
import { BUDGET_CLASSES, classMeter, classOf, METERS, type Meter } from './meters'

// The form is asked for when somebody opens it.
const BudgetForm = lazy(() => import('./BudgetForm'))

const route = getRouteApi('/governance/budgets')

export default function BudgetsPage() {
  const { t } = useTranslation()
  const query = useQuery(budgetsQuery)
  const { role } = route.useSearch()
  const navigate = route.useNavigate()
  const show = (next: Role | undefined) => void navigate({ search: next ? { role: next } : {}, resetScroll: false })
  return (
    <Page title={t('budgets.title')} question={t('budgets.question')}>
      <Card title={t('budgets.roles')} hint={t('budgets.roles_hint')}>
        {query.isPending && <Skeleton rows={7} height={28} />}
        {query.isError && <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />}
        {query.data && <RoleTable budgets={query.data} onOpen={show} />}
      </Card>
      <Uses />
      <Suspense>{query.data && role && <BudgetForm key={role} role={role} budgets={query.data} onClose={() => show(undefined)} />}</Suspense>
    </Page>
  )
}

function RoleTable({ budgets, onOpen }: { budgets: Budgets; onOpen: (role: Role) => void }) {
  const { t } = useTranslation()
  const format = useFormat()
  const limit = (n: number | null | undefined) => (n === null || n === undefined ? t('budgets.no_bound') : format.count(n))
  const cell = (role: Role, meter: Meter) => {
    const found = budgets.roles[role]?.[meter]
    return found ? t('budgets.limit', { minute: limit(found.per_minute), day: limit(found.per_day) }) : t('budgets.nothing')
  }
  const columns: Column<Role>[] = [
    {
      key: 'role',
      title: t('budgets.role'),
      isHead: true,
      cell: (role) => (
        <button type="button" className="zk-link-button" onClick={() => onOpen(role)}>
          {word(t, 'role', role)}
        </button>
      ),
    },
    ...METERS.map((meter): Column<Role> => ({ key: meter, title: known(t, 'budgets.meter', meter), align: 'right', cell: (role) => cell(role, meter) })),
    {
      key: 'classes',
      title: t('budgets.classes'),
      cell: (role) => {
        const bounded = BUDGET_CLASSES.filter((each) => budgets.roles[role]?.[classMeter(each)] !== undefined)
        if (bounded.length === 0) return t('budgets.no_bound')
        return bounded.map((each) => {
          const found = budgets.roles[role]?.[classMeter(each)]
          return <div key={each}>{t('budgets.class_limit', { name: known(t, 'grades.class', each), minute: limit(found?.per_minute), day: limit(found?.per_day) })}</div>
        })
      },
    },
  ]
  return (
    <>
      <DataTable caption={t('budgets.roles')} columns={columns} rows={ROLES} rowKey={(role) => role} />
      <p className="zk-muted">{t('budgets.exports', { rows: format.count(budgets.export_rows), hours: format.count(budgets.approval_hours) })}</p>
    </>
  )
}

function meterName(t: TFunction, meter: string): string {
  const of = classOf(meter)
  return of === undefined ? known(t, 'budgets.meter', meter) : t('budgets.class_meter', { name: known(t, 'grades.class', of) })
}

function Uses() {
  const { t } = useTranslation()
  const format = useFormat()
  const query = useQuery(budgetUsesQuery)
  const columns: Column<BudgetUse>[] = [
    { key: 'user', title: t('budgets.user'), isHead: true, cell: (row) => row.user },
    { key: 'roles', title: t('budgets.role'), cell: (row) => row.roles.map((role) => word(t, 'role', role)).join(t('access.and')) },
    { key: 'meter', title: t('budgets.what'), cell: (row) => meterName(t, row.meter) },
    { key: 'used', title: t('budgets.used'), align: 'right', cell: (row) => format.count(row.n_used) },
    { key: 'left', title: t('budgets.left'), align: 'right', cell: (row) => (row.n_left === null ? t('budgets.no_bound') : format.count(row.n_left)) },
    { key: 'day', title: t('budgets.per_day'), align: 'right', cell: (row) => (row.per_day === null ? t('budgets.no_bound') : format.count(row.per_day)) },
  ]
  return (
    <Card title={t('budgets.today')} hint={t('budgets.today_hint')}>
      {query.isPending && <Skeleton rows={4} height={28} />}
      {query.isError && <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />}
      {query.data?.items.length === 0 && <Notice title={t('budgets.nobody')} help={t('budgets.nobody_help')} />}
      {query.data && query.data.items.length > 0 && <DataTable caption={t('budgets.today')} columns={columns} rows={query.data.items} rowKey={(row) => `${row.user} ${row.meter}`} />}
    </Card>
  )
}
