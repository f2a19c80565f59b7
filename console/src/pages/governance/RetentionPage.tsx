// 数据留存: how long each class is kept and why, what is on hold, what a purge would let go, and what the last ones did.
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { Button, Popconfirm } from 'antd'
import { lazy, Suspense } from 'react'
import { useTranslation } from 'react-i18next'
import { liftHold, retentionQuery, runPurge } from '../../api/governance'
import type { Hold, Purge, PurgeLine, PurgeRun, RetentionRule } from '../../api/types'
import { useMay } from '../../app/session'
import { useFormat } from '../../app/workspace'
import { Card } from '../../ui/Card'
import { DataTable, type Column } from '../../ui/DataTable'
import { Page } from '../../ui/Page'
import { ErrorNotice, Notice, Skeleton } from '../../ui/states'
import { known } from '../../words'

// Forms are asked for when somebody opens one.
const RuleForm = lazy(() => import('./RetentionForms').then(({ RuleForm }) => ({ default: RuleForm })))
const HoldForm = lazy(() => import('./RetentionForms').then(({ HoldForm }) => ({ default: HoldForm })))

const route = getRouteApi('/governance/retention')

export default function RetentionPage() {
  const { t } = useTranslation()
  const format = useFormat()
  const query = useQuery(retentionQuery)
  const { open } = route.useSearch()
  const navigate = route.useNavigate()
  const show = (next: string | undefined) => void navigate({ search: next ? { open: next } : {}, resetScroll: false })
  const found = query.data
  const rule = found?.rules.find((each) => each.class === open)
  const columns: Column<RetentionRule>[] = [
    {
      key: 'class',
      title: t('retention.what'),
      isHead: true,
      cell: (row) => (
        <button type="button" className="zk-link-button" onClick={() => show(row.class)}>
          {known(t, 'retention.class', row.class)}
        </button>
      ),
    },
    { key: 'days', title: t('retention.days'), align: 'right', cell: (row) => t('retention.n_days', { n: format.count(row.days) }) },
    { key: 'basis', title: t('retention.basis'), cell: (row) => known(t, 'retention.basis', row.basis) },
    { key: 'source', title: t('retention.source'), cell: (row) => row.source },
    { key: 'then', title: t('retention.then'), cell: (row) => known(t, 'retention.then', row.then) },
    { key: 'is_on', title: t('retention.by_itself'), cell: (row) => (row.is_on ? t('retention.daily') : t('retention.by_hand')) },
  ]
  return (
    <Page title={t('retention.title')} question={t('retention.question')}>
      <Card title={t('retention.rules')} hint={t('retention.rules_hint')}>
        {query.isPending && <Skeleton rows={6} height={28} />}
        {query.isError && <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />}
        {found && <DataTable caption={t('retention.rules')} columns={columns} rows={found.rules} rowKey={(row) => row.class} />}
      </Card>
      {found && (
        <>
          <Card title={t('retention.holds')} hint={t('retention.holds_hint')} extra={<Button onClick={() => show('hold')}>{t('retention.hold')}</Button>}>
            <Holds holds={found.holds} />
          </Card>
          <Card title={t('retention.preview')} hint={t('retention.preview_hint')}>
            <PurgeNow preview={found.preview} />
          </Card>
          <Card title={t('retention.runs')}>
            <Runs runs={found.runs} />
          </Card>
        </>
      )}
      <Suspense>
        {rule && <RuleForm key={rule.class} rule={rule} onClose={() => show(undefined)} />}
        {open === 'hold' && <HoldForm onClose={() => show(undefined)} />}
      </Suspense>
    </Page>
  )
}

function Holds({ holds }: { holds: readonly Hold[] }) {
  const { t } = useTranslation()
  const format = useFormat()
  if (holds.length === 0) return <Notice title={t('retention.no_holds')} help={t('retention.no_holds_help')} />
  const columns: Column<Hold>[] = [
    { key: 'on', title: t('retention.on'), isHead: true, cell: (row) => <HeldThing hold={row} /> },
    { key: 'reason', title: t('retention.reason'), cell: (row) => row.reason },
    { key: 'author', title: t('retention.author'), cell: (row) => row.author },
    { key: 'set', title: t('retention.set_at'), cell: (row) => format.instant(row.set_at) },
    { key: 'lifted', title: t('retention.lifted_at'), cell: (row) => (row.lifted_at ? format.instant(row.lifted_at) : <Lift hold={row} />) },
  ]
  return <DataTable caption={t('retention.holds')} columns={columns} rows={holds} rowKey={(row) => row.hold_id} />
}

function HeldThing({ hold }: { hold: Hold }) {
  const { t } = useTranslation()
  const may = useMay('profiles.read')
  if (hold.class) return <>{known(t, 'retention.class', hold.class)}</>
  const id = hold.profile_id ?? ''
  const short = <code>…{id.slice(-6)}</code>
  return may ? (
    <Link to="/customers/$profileId" params={{ profileId: id }}>
      {short}
    </Link>
  ) : (
    short
  )
}

function Lift({ hold }: { hold: Hold }) {
  const { t } = useTranslation()
  const cache = useQueryClient()
  const lift = useMutation({ mutationFn: () => liftHold(hold.hold_id), onSuccess: () => cache.invalidateQueries({ queryKey: retentionQuery.queryKey }) })
  return (
    <>
      <Popconfirm title={t('retention.lift_sure')} okText={t('retention.lift')} cancelText={t('access.cancel')} onConfirm={() => lift.mutate()}>
        <Button size="small" loading={lift.isPending}>
          {t('retention.lift')}
        </Button>
      </Popconfirm>
      {lift.error && <ErrorNotice error={lift.error} />}
    </>
  )
}

/** What would go now; the same table says what went, once it has. */
function PurgeNow({ preview }: { preview: Purge }) {
  const { t } = useTranslation()
  const format = useFormat()
  const cache = useQueryClient()
  const may = useMay('erasure.approve')
  // Rows are gone everywhere: nothing that was read before holds.
  const run = useMutation({ mutationFn: runPurge, onSuccess: () => cache.invalidateQueries() })
  const n = preview.n_gone + preview.n_nameless
  return (
    <>
      <p>{n > 0 ? t('retention.would', { gone: format.count(preview.n_gone), nameless: format.count(preview.n_nameless) }) : t('retention.nothing_over')}</p>
      <Lines lines={preview.lines} caption={t('retention.preview')} />
      {may && (
        <div className="zk-form-actions">
          <Popconfirm title={t('retention.run_sure')} okText={t('retention.run')} cancelText={t('access.cancel')} onConfirm={() => run.mutate()} styles={{ root: { maxWidth: 420 } }}>
            <Button danger disabled={n === 0} loading={run.isPending}>
              {t('retention.run')}
            </Button>
          </Popconfirm>
        </div>
      )}
      {run.error && <ErrorNotice error={run.error} />}
      {run.data && (
        <div role="status">
          <p>{t('retention.done', { gone: format.count(run.data.n_gone), nameless: format.count(run.data.n_nameless) })}</p>
          <Lines lines={run.data.lines} caption={t('retention.report')} />
        </div>
      )}
    </>
  )
}

function Lines({ lines, caption }: { lines: readonly PurgeLine[]; caption: string }) {
  const { t } = useTranslation()
  const format = useFormat()
  const columns: Column<PurgeLine>[] = [
    { key: 'what', title: t('retention.what'), isHead: true, cell: (row) => known(t, 'retention.class', row.class) },
    { key: 'table', title: t('retention.table'), cell: (row) => <code>{row.table}</code> },
    { key: 'before', title: t('retention.before'), cell: (row) => format.instant(row.before) },
    { key: 'then', title: t('retention.then'), cell: (row) => (row.is_held ? t('retention.held') : known(t, 'retention.then', row.then)) },
    { key: 'gone', title: t('retention.gone'), align: 'right', cell: (row) => format.count(row.n_gone) },
    { key: 'nameless', title: t('retention.nameless'), align: 'right', cell: (row) => format.count(row.n_nameless) },
  ]
  return <DataTable caption={caption} columns={columns} rows={lines} rowKey={(row) => row.table} />
}

function Runs({ runs }: { runs: readonly PurgeRun[] }) {
  const { t } = useTranslation()
  const format = useFormat()
  if (runs.length === 0) return <Notice title={t('retention.no_runs')} help={t('retention.no_runs_help')} />
  const columns: Column<PurgeRun>[] = [
    { key: 'at', title: t('retention.at'), isHead: true, cell: (row) => format.instant(row.at) },
    { key: 'actor', title: t('retention.author'), cell: (row) => row.actor },
    { key: 'gone', title: t('retention.gone'), align: 'right', cell: (row) => format.count(row.n_gone) },
    { key: 'nameless', title: t('retention.nameless'), align: 'right', cell: (row) => format.count(row.n_nameless) },
  ]
  return <DataTable caption={t('retention.runs')} columns={columns} rows={runs} rowKey={(row) => row.at} />
}
