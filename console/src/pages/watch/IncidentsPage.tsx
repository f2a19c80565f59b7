// 安全事件: what a rule found, how long there is to decide, whose data it was about, and the draft of a notice.
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { Button, Input } from 'antd'
import { useId, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { actOnIncident, hooksQuery, incidentQuery, incidentsQuery, putHooks, testHooks } from '../../api/watch'
import type { Incident } from '../../api/types'
import { useSettings } from '../../app/settings'
import { useFormat } from '../../app/workspace'
import { Card } from '../../ui/Card'
import { DataTable, type Column } from '../../ui/DataTable'
import { Page } from '../../ui/Page'
import { Sheet } from '../../ui/Sheet'
import { ErrorNotice, Notice, Skeleton } from '../../ui/states'
import { known } from '../../words'
import { HooksCard } from './HooksCard'
import './watch.css'

const route = getRouteApi('/governance/incidents')

export default function IncidentsPage() {
  const { t } = useTranslation()
  const format = useFormat()
  const query = useQuery(incidentsQuery)
  const { incident } = route.useSearch()
  const navigate = route.useNavigate()
  const show = (next: string | undefined) => void navigate({ search: next ? { incident: next } : {}, resetScroll: false })
  const columns: Column<Incident>[] = [
    {
      key: 'kind',
      title: t('incidents.kind'),
      isHead: true,
      cell: (row) => (
        <button type="button" className="zk-link-button" onClick={() => show(row.incident_id)}>
          {known(t, 'incidents.kind', row.kind)}
        </button>
      ),
    },
    { key: 'severity', title: t('incidents.severity'), cell: (row) => <span className={row.severity === 'high' ? 'zk-audit-denied' : undefined}>{known(t, 'incidents.severity', row.severity)}</span> },
    { key: 'about', title: t('incidents.about'), cell: (row) => row.actor },
    { key: 'status', title: t('incidents.status'), cell: (row) => known(t, 'incidents.status', row.status) },
    { key: 'opened', title: t('incidents.opened'), cell: (row) => format.instant(row.opened_at) },
    { key: 'decide_by', title: t('incidents.decide_by'), cell: (row) => (row.status === 'open' || row.status === 'acknowledged' ? format.instant(row.decide_by) : '--') },
  ]
  return (
    <Page title={t('incidents.title')} question={t('incidents.question')}>
      <Card title={t('incidents.list')} hint={query.data && query.data.n_open > 0 ? t('incidents.n_open', { n: query.data.n_open }) : undefined}>
        {query.isPending && <Skeleton rows={5} height={28} />}
        {query.isError && <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />}
        {query.data?.items.length === 0 && <Notice title={t('incidents.none')} help={t('incidents.none_help')} />}
        {query.data && query.data.items.length > 0 && <DataTable caption={t('incidents.list')} columns={columns} rows={query.data.items} rowKey={(row) => row.incident_id} />}
      </Card>
      <HooksCard title={t('incidents.hooks')} hint={t('incidents.hooks_hint')} query={hooksQuery} put={putHooks} test={testHooks} />
      {incident && <One key={incident} id={incident} onClose={() => show(undefined)} />}
    </Page>
  )
}

function One({ id, onClose }: { id: string; onClose: () => void }) {
  const { t } = useTranslation()
  const { lang } = useSettings()
  const format = useFormat()
  const field = useId()
  const cache = useQueryClient()
  const [note, setNote] = useState('')
  const query = useQuery(incidentQuery(id))
  const act = useMutation({
    mutationFn: (what: string) => actOnIncident(id, what, note.trim()),
    onSuccess: async () => {
      setNote('')
      await cache.invalidateQueries({ queryKey: incidentsQuery.queryKey })
    },
  })
  const report = query.data
  if (!report) {
    return (
      <Sheet title={t('incidents.title')} closeLabel={t('customers.close')} onClose={onClose}>
        {query.isError ? <ErrorNotice error={query.error} onRetry={() => void query.refetch()} /> : <Skeleton rows={6} height={28} />}
      </Sheet>
    )
  }
  const one = report.incident
  const isUndecided = one.status === 'open' || one.status === 'acknowledged'
  const facts = [
    [t('incidents.status'), known(t, 'incidents.status', one.status)],
    [t('incidents.about'), one.actor],
    [t('incidents.people'), format.count(report.n_people)],
    [t('incidents.rows'), format.count(report.n_rows)],
    [t('incidents.classes'), report.classes.map((each) => known(t, 'incidents.class', each)).join(' · ') || '--'],
    [t('incidents.decide_by'), format.instant(one.decide_by)],
    [t('incidents.report_by'), format.instant(one.report_by)],
    [t('incidents.notify_by'), format.instant(one.notify_by)],
  ]
  return (
    <Sheet title={known(t, 'incidents.kind', one.kind)} closeLabel={t('customers.close')} onClose={onClose}>
      {one.locked && (
        <p className="zk-hint-bar" role="alert">
          {t('incidents.locked')}
        </p>
      )}
      <dl className="zk-facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {one.status !== 'closed' && (
        <div className="zk-sheet-form">
          <label htmlFor={field}>{t('incidents.note')}</label>
          <Input id={field} value={note} maxLength={300} onChange={(event) => setNote(event.target.value)} />
          <div className="zk-form-actions">
            {one.status === 'open' && (
              <Button disabled={act.isPending} onClick={() => act.mutate('acknowledged')}>
                {t('incidents.acknowledge')}
              </Button>
            )}
            {isUndecided && (
              <>
                <Button type="primary" disabled={!note.trim() || act.isPending} onClick={() => act.mutate('contained')}>
                  {t('incidents.contain')}
                </Button>
                <Button disabled={!note.trim() || act.isPending} onClick={() => act.mutate('false_alarm')}>
                  {t('incidents.false_alarm')}
                </Button>
              </>
            )}
            {!isUndecided && (
              <Button disabled={!note.trim() || act.isPending} onClick={() => act.mutate('closed')}>
                {t('incidents.close')}
              </Button>
            )}
          </div>
          {act.error && <ErrorNotice error={act.error} />}
        </div>
      )}
      <h3 className="zk-part-title">{t('incidents.steps')}</h3>
      <ol className="zk-incident-steps">
        {one.steps.map((step, at) => (
          // Steps are only added.
          <li key={at}>
            <span className="zk-figures">{format.instant(step.at)}</span> {known(t, 'incidents.step', step.what)} · {step.actor}
            {Object.keys(step.detail).length > 0 && <span className="zk-audit-detail"> {JSON.stringify(step.detail)}</span>}
          </li>
        ))}
      </ol>
      <h3 className="zk-part-title">{t('incidents.notice')}</h3>
      <pre className="zk-incident-notice">{lang === 'zh' ? report.notice_zh : report.notice_en}</pre>
    </Sheet>
  )
}
