// 审计: who did what to whom, whether the trail is whole, and what the same person did around it.
import { useInfiniteQuery, useMutation, useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { Button, Input } from 'antd'
import type { TFunction } from 'i18next'
import { useId, useRef, useState, type SyntheticEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { actsQuery, auditQuery, traceFile, verifyQuery } from '../../api/watch'
import type { AuditEntry, TracedExport } from '../../api/types'
import type { AuditSearch } from '../../app/search'
import { May, useMay } from '../../app/session'
import { useSettings } from '../../app/settings'
import { useFormat } from '../../app/workspace'
import { Card } from '../../ui/Card'
import { DataTable, type Column } from '../../ui/DataTable'
import { More } from '../../ui/More'
import { Page } from '../../ui/Page'
import { ErrorNotice, Notice, Skeleton } from '../../ui/states'
import './watch.css'

const route = getRouteApi('/governance/audit')
const MINUTES_5 = 300_000
const FIELDS = ['who', 'on', 'since', 'until'] as const

export default function AuditPage() {
  const { t } = useTranslation()
  const { lang } = useSettings()
  const format = useFormat()
  const search = route.useSearch()
  const readsAll = useMay('audit.read')
  const query = useInfiniteQuery(auditQuery(search))
  const rows = query.data?.pages.flatMap((page) => page.items) ?? []
  const columns: Column<AuditEntry>[] = [
    { key: 'at', title: t('audit.at'), isHead: true, cell: (row) => <span className="zk-figures">{format.instant(row.at)}</span> },
    { key: 'who', title: t('audit.who'), cell: (row) => row.actor },
    { key: 'action', title: t('audit.action'), cell: (row) => <span title={row.action}>{(lang === 'zh' ? row.name_zh : row.name) ?? row.action}</span> },
    { key: 'on', title: t('audit.on'), cell: (row) => <code className="zk-audit-subject">{row.subject}</code> },
    { key: 'result', title: t('audit.result'), cell: (row) => <span className={`zk-audit-${row.result}`}>{resultWord(t, row.result)}</span> },
    { key: 'detail', title: t('audit.detail'), cell: (row) => <span className="zk-audit-detail">{detailOf(row)}</span> },
    {
      key: 'around',
      title: t('audit.around'),
      cell: (row) => (
        <Link to="/governance/audit" search={around(row)} title={t('audit.around_help')}>
          ±5′
        </Link>
      ),
    },
  ]
  return (
    <Page title={t('audit.title')} question={t('audit.question')} actions={
        <May to="audit.read">
          <Chain />
        </May>
      }
    >
      {!readsAll && <p className="zk-muted">{t('audit.security_only')}</p>}
      <Filters key={JSON.stringify(search)} search={search} />
      <Card title={t('audit.trail')} hint={t('audit.trail_hint')}>
        {query.isPending && <Skeleton rows={8} height={28} />}
        {query.isError && <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />}
        {query.data && rows.length === 0 && <Notice title={t('audit.none')} help={t('audit.none_help')} />}
        {rows.length > 0 && <DataTable caption={t('audit.trail')} columns={columns} rows={rows} rowKey={(row) => row.seq} />}
        <More query={query} />
      </Card>
      <Trace />
    </Page>
  )
}

function resultWord(t: TFunction, result: string) {
  return result === 'denied' ? t('audit.result_denied') : result === 'failed' ? t('audit.result_failed') : t('audit.result_ok')
}

/** What else was written, without braces. */
function detailOf({ detail }: AuditEntry): string {
  const parts = Object.entries(detail as Record<string, unknown>).filter(([key, value]) => key !== 'request' && value !== null && value !== '')
  return parts.map(([key, value]) => `${key}: ${typeof value === 'string' ? value : JSON.stringify(value)}`).join(' · ')
}

/** The same person, five minutes before and after. */
function around(row: AuditEntry): AuditSearch {
  const at = Date.parse(row.at)
  return { who: row.actor.split('/')[0], since: new Date(at - MINUTES_5).toISOString(), until: new Date(at + MINUTES_5).toISOString() }
}

function Filters({ search }: { search: AuditSearch }) {
  const { t } = useTranslation()
  const id = useId()
  const navigate = route.useNavigate()
  const [draft, setDraft] = useState(search)
  const submit = (event: SyntheticEvent) => {
    event.preventDefault()
    void navigate({ search: Object.fromEntries(Object.entries(draft).map(([key, value]) => [key, value?.trim() || undefined])) })
  }
  return (
    <form className="zk-audit-filters" onSubmit={submit}>
      <ActField value={draft.action} onChange={(action) => setDraft({ ...draft, action })} />
      {FIELDS.map((field) => (
        <div key={field} className="zk-field">
          <label htmlFor={`${id}-${field}`}>{t(`audit.${field}`)}</label>
          <Input
            id={`${id}-${field}`}
            value={draft[field] ?? ''}
            maxLength={100}
            placeholder={field === 'since' || field === 'until' ? '2026-11-22' : undefined}
            onChange={(event) => setDraft({ ...draft, [field]: event.target.value })}
          />
        </div>
      ))}
      <div className="zk-form-actions">
        <Button htmlType="submit">{t('audit.filter')}</Button>
        {Object.values(search).some(Boolean) && <Button onClick={() => void navigate({ search: {} })}>{t('audit.clear')}</Button>}
      </div>
    </form>
  )
}

/** What was done, in words. */
function ActField({ value, onChange }: { value: string | undefined; onChange: (action: string | undefined) => void }) {
  const { t } = useTranslation()
  const { lang } = useSettings()
  const id = useId()
  const acts = useQuery(actsQuery).data?.items ?? []
  // What an address asks for may be the beginning of several.
  const isOther = value !== undefined && !acts.some((act) => act.action === value)
  return (
    <div className="zk-field">
      <label htmlFor={id}>{t('audit.action')}</label>
      <select id={id} className="zk-select" value={value ?? ''} onChange={(event) => onChange(event.target.value || undefined)}>
        <option value="">{t('audit.any')}</option>
        {isOther && <option value={value}>{value}</option>}
        {acts.map((act) => (
          <option key={act.action} value={act.action}>
            {lang === 'zh' ? act.name_zh : act.name}
          </option>
        ))}
      </select>
    </div>
  )
}

/** Whether the trail is what was written. */
function Chain() {
  const { t } = useTranslation()
  const { lang } = useSettings()
  const format = useFormat()
  const query = useQuery(verifyQuery)
  const found = query.data
  return (
    <div className="zk-audit-chain" role="status">
      {found && (
        <span className={found.whole ? 'zk-audit-ok' : 'zk-audit-denied'} title={t('audit.verified', { n: format.count(found.n_entries), roots: format.count(found.n_roots) })}>
          {found.whole ? t('audit.whole', { at: found.until ? format.instant(found.until) : '--' }) : t('audit.broken', { n: found.flaws.length })}
          {found.flaws.slice(0, 3).map((flaw) => ` · ${t('audit.flaw', { seq: flaw.seq, what: lang === 'zh' ? flaw.zh : flaw.en })}`)}
        </span>
      )}
      {query.isError && <ErrorNotice error={query.error} />}
      <Button loading={query.isFetching} onClick={() => void query.refetch()}>
        {t('audit.verify')}
      </Button>
    </div>
  )
}

/** Which export a file comes from. */
function Trace() {
  const { t } = useTranslation()
  const format = useFormat()
  const input = useRef<HTMLInputElement>(null)
  const trace = useMutation({ mutationFn: traceFile })
  const columns: Column<TracedExport>[] = [
    { key: 'at', title: t('audit.at'), isHead: true, cell: (row) => <span className="zk-figures">{format.instant(row.at)}</span> },
    { key: 'who', title: t('audit.who'), cell: (row) => row.actor },
    { key: 'on', title: t('audit.on'), cell: (row) => <code className="zk-audit-subject">{row.subject}</code> },
    { key: 'rows', title: t('audit.rows'), align: 'right', cell: (row) => format.count(row.n_rows) },
    { key: 'marks', title: t('audit.marks'), align: 'right', cell: (row) => `${format.count(row.n_found)} / ${format.count(row.n_marks)}` },
  ]
  return (
    <Card title={t('audit.trace')} hint={t('audit.trace_hint')}>
      <p>{t('audit.trace_file')}</p>
      <Button loading={trace.isPending} onClick={() => input.current?.click()}>
        {t('upload.choose')}
      </Button>
      <input
        ref={input}
        type="file"
        className="zk-hidden"
        tabIndex={-1}
        aria-hidden="true"
        onChange={(event) => {
          const file = event.target.files?.[0]
          if (file) trace.mutate(file)
          event.target.value = ''
        }}
      />
      {trace.isPending && <Skeleton rows={2} height={28} />}
      {trace.isError && <ErrorNotice error={trace.error} />}
      {trace.data?.items.length === 0 && <Notice title={t('audit.trace_none')} help={t('audit.trace_none_help')} />}
      {trace.data && trace.data.items.length > 0 && <DataTable caption={t('audit.trace')} columns={columns} rows={trace.data.items} rowKey={(row) => row.seq} />}
    </Card>
  )
}
