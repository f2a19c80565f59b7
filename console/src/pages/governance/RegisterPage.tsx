// 处理活动登记: what personal data are processed for what, as it follows from what is configured, and impact assessments.
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { Button } from 'antd'
import { lazy, Suspense } from 'react'
import { useTranslation } from 'react-i18next'
import { assessmentsQuery, registerDocument, registerQuery } from '../../api/governance'
import type { DataRecipient, HeldClass, ImpactAssessment, ProcessingActivity } from '../../api/types'
import { useSettings } from '../../app/settings'
import { useFormat } from '../../app/workspace'
import { Card } from '../../ui/Card'
import { DataTable, type Column } from '../../ui/DataTable'
import { Page } from '../../ui/Page'
import { ErrorNotice, Notice, Skeleton } from '../../ui/states'
import { known, word } from '../../words'

// The form, and an assessment as it is read, are asked for when somebody opens one.
const AssessmentSheet = lazy(() => import('./AssessmentSheet'))

const route = getRouteApi('/governance/register')

/** What stands in the address for one that is being written. */
const NEW = 'new'

export default function RegisterPage() {
  const { t } = useTranslation()
  const { lang } = useSettings()
  const query = useQuery(registerQuery)
  const { open } = route.useSearch()
  const navigate = route.useNavigate()
  const show = (next: string | undefined) => void navigate({ search: next ? { open: next } : {}, resetScroll: false })
  const found = query.data
  return (
    <Page title={t('register.title')} question={t('register.question')}>
      <Card
        title={t('register.activities')}
        hint={t('register.activities_hint')}
        extra={
          <span className="zk-form-actions">
            {(['xlsx', 'markdown'] as const).map((format) => (
              <a key={format} href={registerDocument(lang, format)} download>
                {t(`register.download_${format}`)}
              </a>
            ))}
          </span>
        }
      >
        <p className="zk-muted">{t('register.derived')}</p>
        {query.isPending && <Skeleton rows={6} height={28} />}
        {query.isError && <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />}
        {found && <Activities activities={found.activities} onOpen={show} />}
      </Card>
      {found && (
        <>
          <Card title={t('register.held')} hint={t('register.held_hint')}>
            <HeldClasses classes={found.classes} />
          </Card>
          <Card title={t('register.recipients')} hint={t('register.recipients_hint')}>
            <Recipients recipients={found.recipients} />
          </Card>
        </>
      )}
      <Card title={t('register.assessments')} hint={t('register.assessments_hint')} extra={<Button onClick={() => show(NEW)}>{t('register.record')}</Button>}>
        <Assessments onOpen={show} />
      </Card>
      <Suspense>{open && <AssessmentSheet key={open} id={open === NEW ? undefined : open} purposes={found?.activities ?? []} onClose={() => show(undefined)} />}</Suspense>
    </Page>
  )
}

function useClasses() {
  const { t } = useTranslation()
  return (classes: readonly string[]) => (classes.length > 0 ? classes.map((each) => known(t, 'grades.class', each)).join(t('access.and')) : '--')
}

function Activities({ activities, onOpen }: { activities: readonly ProcessingActivity[]; onOpen: (id: string) => void }) {
  const { t } = useTranslation()
  const { lang } = useSettings()
  const format = useFormat()
  const classes = useClasses()
  const assessed = (row: ProcessingActivity) => {
    const id = row.assessment_id
    if (id !== null) {
      return (
        <button type="button" className="zk-link-button" onClick={() => onOpen(id)}>
          …{id.slice(-6)}
        </button>
      )
    }
    if (row.assessment_needed.length === 0) return '--'
    return <strong>{t('register.missing', { why: row.assessment_needed.map((each) => known(t, 'register.why', each)).join(t('access.and')) })}</strong>
  }
  const columns: Column<ProcessingActivity>[] = [
    { key: 'purpose', title: t('register.purpose'), isHead: true, cell: (row) => (lang === 'zh' ? row.name_zh : row.name) },
    { key: 'basis', title: t('register.basis'), cell: (row) => known(t, 'register.basis', row.basis) },
    { key: 'separate', title: t('register.separate_consent'), cell: (row) => (row.separate === null ? '--' : known(t, 'register.separate', row.separate)) },
    { key: 'notice', title: t('register.notice'), cell: (row) => row.notice ?? '--' },
    { key: 'classes', title: t('register.classes'), cell: (row) => classes(row.classes) },
    { key: 'segments', title: t('register.segments'), align: 'right', cell: (row) => format.count(row.n_segments) },
    { key: 'files', title: t('register.files'), align: 'right', cell: (row) => format.count(row.n_files) },
    { key: 'assessment', title: t('register.assessment'), cell: assessed },
  ]
  return <DataTable caption={t('register.activities')} columns={columns} rows={activities} rowKey={(row) => row.purpose} />
}

function HeldClasses({ classes }: { classes: readonly HeldClass[] }) {
  const { t } = useTranslation()
  const format = useFormat()
  if (classes.length === 0) return <Notice title={t('register.nothing')} help={t('register.nothing_help')} />
  const reader = ({ role, shown, unmask }: HeldClass['readers'][number]) => {
    const name = word(t, 'role', role)
    if (shown === 'clear') return t('register.reader_clear', { role: name })
    if (unmask === 'reason') return t('register.reader_reason', { role: name })
    return unmask === 'approval' ? t('register.reader_approval', { role: name }) : t('register.reader_masked', { role: name })
  }
  const lines = (all: readonly string[]) => (all.length > 0 ? all.map((each) => <div key={each}>{each}</div>) : '--')
  const kept = (row: HeldClass) => [
    ...row.kept.map((rule) => t('register.kept_days', { name: known(t, 'retention.class', rule.class), n: format.count(rule.days), then: known(t, 'retention.then', rule.then) })),
    ...(row.until_erased ? [t('register.until_erased')] : []),
  ]
  const columns: Column<HeldClass>[] = [
    { key: 'class', title: t('register.class'), isHead: true, cell: (row) => known(t, 'grades.class', row.class) },
    { key: 'grade', title: t('register.grade'), align: 'right', cell: (row) => row.grade },
    { key: 'fields', title: t('register.fields'), cell: (row) => row.fields.join(' · ') || '--' },
    { key: 'sources', title: t('register.sources'), cell: (row) => row.sources.join(' · ') || '--' },
    { key: 'kept', title: t('register.kept'), cell: (row) => lines(kept(row)) },
    { key: 'readers', title: t('register.readers'), cell: (row) => lines(row.readers.map(reader)) },
  ]
  return <DataTable caption={t('register.held')} columns={columns} rows={classes} rowKey={(row) => row.class} />
}

function Recipients({ recipients }: { recipients: readonly DataRecipient[] }) {
  const { t } = useTranslation()
  const format = useFormat()
  const classes = useClasses()
  if (recipients.length === 0) return <Notice title={t('register.no_recipients')} />
  const columns: Column<DataRecipient>[] = [
    { key: 'who', title: t('register.who'), isHead: true, cell: (row) => (row.who === 'person' ? t('register.person') : row.who) },
    { key: 'purpose', title: t('register.purpose'), cell: (row) => row.purpose || '--' },
    { key: 'classes', title: t('register.classes'), cell: (row) => classes(row.classes) },
    { key: 'files', title: t('register.files'), align: 'right', cell: (row) => format.count(row.n_files) },
    { key: 'rows', title: t('register.rows'), align: 'right', cell: (row) => format.count(row.n_rows) },
    { key: 'last', title: t('register.last'), cell: (row) => format.instant(row.last_at) },
  ]
  return <DataTable caption={t('register.recipients')} columns={columns} rows={recipients} rowKey={(row) => `${row.who} ${row.purpose}`} />
}

function Assessments({ onOpen }: { onOpen: (id: string) => void }) {
  const { t } = useTranslation()
  const format = useFormat()
  const query = useQuery(assessmentsQuery)
  const state = (row: ImpactAssessment) => {
    if (!row.is_whole) return <strong>{t('register.altered')}</strong>
    return t(row.is_superseded ? 'register.superseded' : 'register.in_force')
  }
  const columns: Column<ImpactAssessment>[] = [
    {
      key: 'name',
      title: t('register.name'),
      isHead: true,
      cell: (row) => (
        <button type="button" className="zk-link-button" onClick={() => onOpen(`${row.assessment_id}.${row.version}`)}>
          {row.title}
        </button>
      ),
    },
    { key: 'version', title: t('register.version'), align: 'right', cell: (row) => row.version },
    { key: 'author', title: t('register.author'), cell: (row) => row.author },
    { key: 'at', title: t('register.at'), cell: (row) => format.instant(row.at) },
    { key: 'state', title: t('register.state'), cell: state },
  ]
  if (query.isPending) return <Skeleton rows={3} height={28} />
  if (query.isError) return <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />
  if (query.data.items.length === 0) return <Notice title={t('register.none')} help={t('register.none_help')} />
  return <DataTable caption={t('register.assessments')} columns={columns} rows={query.data.items} rowKey={(row) => `${row.assessment_id} ${String(row.version)}`} />
}
