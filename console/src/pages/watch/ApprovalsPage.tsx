// 审批: what waits for a second person; whoever asked makes the file once it is approved.
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { Button, Input } from 'antd'
import type { TFunction } from 'i18next'
import { useId, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { seeApproved } from '../../api/person'
import { approvalsQuery, decideApproval, makeApproved } from '../../api/watch'
import type { Approval } from '../../api/types'
import { useSettings } from '../../app/settings'
import { useFormat } from '../../app/workspace'
import { Archive } from '../../ui/Archive'
import { Card } from '../../ui/Card'
import { DataTable, type Column } from '../../ui/DataTable'
import { Page } from '../../ui/Page'
import { Sheet } from '../../ui/Sheet'
import { ErrorNotice, Notice, Skeleton } from '../../ui/states'
import { known } from '../../words'
import { Clear } from '../customers/Clear'
import './watch.css'

const route = getRouteApi('/governance/approvals')

export default function ApprovalsPage() {
  const { t } = useTranslation()
  const { lang } = useSettings()
  const format = useFormat()
  const query = useQuery(approvalsQuery)
  const { approval } = route.useSearch()
  const navigate = route.useNavigate()
  const show = (next: string | undefined) => void navigate({ search: next ? { approval: next } : {}, resetScroll: false })
  const open = query.data?.items.find((each) => each.approval_id === approval)
  const columns: Column<Approval>[] = [
    {
      key: 'what',
      title: t('approvals.what'),
      isHead: true,
      cell: (row) => (
        <button type="button" className="zk-link-button" onClick={() => show(row.approval_id)}>
          {titleOf(t, row)}
        </button>
      ),
    },
    { key: 'rows', title: t('approvals.rows'), align: 'right', cell: (row) => format.count(row.n_rows) },
    { key: 'purpose', title: t('approvals.purpose'), cell: (row) => (lang === 'zh' ? row.purpose_name_zh : row.purpose_name) },
    { key: 'reason', title: t('approvals.reason'), cell: (row) => row.reason },
    { key: 'by', title: t('approvals.by'), cell: (row) => row.asked_by },
    { key: 'status', title: t('approvals.status'), cell: (row) => known(t, 'approvals.status', row.status) },
    { key: 'until', title: t('approvals.until'), cell: (row) => format.instant(row.expires_at) },
    { key: 'decided_by', title: t('approvals.decided_by'), cell: (row) => row.decided_by ?? '--' },
  ]
  return (
    <Page title={t('approvals.title')} question={t('approvals.question')}>
      <Card title={t('approvals.list')} hint={query.data && query.data.n_mine > 0 ? t('approvals.mine', { n: query.data.n_mine }) : undefined}>
        {query.isPending && <Skeleton rows={5} height={28} />}
        {query.isError && <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />}
        {query.data?.items.length === 0 && <Notice title={t('approvals.none')} help={t('approvals.none_help')} />}
        {query.data && query.data.items.length > 0 && <DataTable caption={t('approvals.list')} columns={columns} rows={query.data.items} rowKey={(row) => row.approval_id} />}
      </Card>
      {open && <One key={open.approval_id} one={open} onClose={() => show(undefined)} />}
    </Page>
  )
}

/** What was asked for; a look in the clear is named by its customer. */
const titleOf = (t: TFunction, one: Approval) => (one.kind === 'unmask' ? t('approvals.unmask', { id: one.title }) : one.title)

function One({ one, onClose }: { one: Approval; onClose: () => void }) {
  const { t } = useTranslation()
  const { lang } = useSettings()
  const format = useFormat()
  const id = useId()
  const cache = useQueryClient()
  const [note, setNote] = useState('')
  const again = () => cache.invalidateQueries({ queryKey: approvalsQuery.queryKey })
  const decide = useMutation({ mutationFn: (approve: boolean) => decideApproval(one.approval_id, approve, note.trim()), onSuccess: again })
  const make = useMutation({ mutationFn: () => makeApproved(one.approval_id), onSuccess: again })
  const see = useMutation({ mutationFn: () => seeApproved(one.approval_id), gcTime: 0, onSuccess: again })
  const isLook = one.kind === 'unmask'
  const facts = [
    [t('approvals.rows'), format.count(one.n_rows)],
    [t('approvals.purpose'), lang === 'zh' ? one.purpose_name_zh : one.purpose_name],
    [t('approvals.reason'), one.reason],
    [t('approvals.columns'), one.columns.join(t('approvals.and'))],
    [t('approvals.format'), one.format?.toUpperCase()],
    [t('approvals.by'), one.asked_by],
    [t('approvals.status'), known(t, 'approvals.status', one.status)],
    [t('approvals.decided_by'), one.decided_by],
    [t('approvals.note'), one.note],
  ].filter(([, value]) => value)
  return (
    <Sheet title={titleOf(t, one)} closeLabel={t('customers.close')} onClose={onClose}>
      <dl className="zk-facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {one.own && one.status === 'pending' && <p className="zk-muted">{t('approvals.own_help')}</p>}
      {one.mine_to_decide && (
        <div className="zk-sheet-form">
          <label htmlFor={id}>{t('approvals.note')}</label>
          <Input id={id} value={note} maxLength={300} placeholder={t('approvals.note_help')} onChange={(event) => setNote(event.target.value)} />
          <div className="zk-form-actions">
            <Button type="primary" loading={decide.isPending} onClick={() => decide.mutate(true)}>
              {t('approvals.approve')}
            </Button>
            <Button danger disabled={!note.trim() || decide.isPending} onClick={() => decide.mutate(false)}>
              {t('approvals.refuse')}
            </Button>
          </div>
          {decide.error && <ErrorNotice error={decide.error} />}
        </div>
      )}
      {one.own && one.status === 'approved' && isLook && !see.data && (
        <div className="zk-form-actions">
          <Button type="primary" loading={see.isPending} onClick={() => see.mutate()}>
            {t('approvals.see')}
          </Button>
        </div>
      )}
      {see.error && <ErrorNotice error={see.error} />}
      {see.data && <Clear sheet={see.data} />}
      {one.own && one.status === 'approved' && !isLook && !make.data && (
        <div className="zk-form-actions">
          <Button type="primary" loading={make.isPending} onClick={() => make.mutate()}>
            {t('approvals.make')}
          </Button>
        </div>
      )}
      {make.error && <ErrorNotice error={make.error} />}
      {make.data && <Archive exportId={make.data.export_id} password={make.data.password} />}
    </Sheet>
  )
}
