// From a file to a load in four steps; the URL holds the step, so that back undoes one and a reload loses none.
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { Button, Input, Select } from 'antd'
import { lazy, Suspense, useId, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiError } from '../../api/client'
import { jobQuery, startImport, uploadQuery } from '../../api/queries'
import type { Mapping, Upload } from '../../api/types'
import type { NewImportSearch } from '../../app/search'
import { useSettings } from '../../app/settings'
import { useFormat } from '../../app/workspace'
import { Card } from '../../ui/Card'
import { Page } from '../../ui/Page'
import { ErrorNotice, Notice, Skeleton } from '../../ui/states'
import { ENTITIES, word } from '../../words'
import { isLive, sayDoubt } from './doubts'
import { DropZone } from './DropZone'
import { Equation } from './Equation'
import { JobProgress } from './JobProgress'
import { DATE_ORDERS, withDefaults } from './mapping'
import { MappingEditor } from './MappingEditor'
import { ReportBody } from './ReportBody'

const CleaningCard = lazy(() => import('./CleaningCard'))

const route = getRouteApi('/data/imports/new')
const STEPS = ['file', 'mapping', 'dry_run', 'load'] as const
/** What is known of the upload and its jobs stays as it is when data were loaded. */
const OF_UPLOAD: readonly unknown[] = ['job', 'upload', 'cleaning']

export default function NewImportPage() {
  const { t } = useTranslation()
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const cache = useQueryClient()
  const go = (next: NewImportSearch) => void navigate({ search: next })
  const at = search.load ? 3 : search.dry ? 2 : search.upload ? 1 : 0

  return (
    <Page
      title={t('imports.new_title')}
      question={t('imports.new_question')}
      above={
        <Link to="/data/imports" className="zk-back">
          ← {t('report.back')}
        </Link>
      }
    >
      <ol className="zk-steps" aria-label={t('steps.label')}>
        {STEPS.map((step, index) => (
          <li key={step} className={index < at ? 'zk-step-done' : undefined} aria-current={index === at ? 'step' : undefined}>
            <span className="zk-step-no" aria-hidden="true">
              {index < at ? '✓' : index + 1}
            </span>
            {t(`steps.${step}`)}
            {index < at && <span className="zk-hidden">{t('steps.done')}</span>}
          </li>
        ))}
      </ol>
      {at === 0 && (
        <Card>
          <DropZone
            onUploaded={(found) => {
              const { upload_id: upload, entity } = found
              const sheet = found.sheet ?? undefined
              cache.setQueryData(uploadQuery(upload, entity, sheet).queryKey, found)
              go({ upload, entity, sheet })
            }}
          />
        </Card>
      )}
      {at === 1 && search.upload && <MappingStep uploadId={search.upload} search={search} go={go} />}
      {at === 2 && search.dry && <DryRunStep key={search.dry} jobId={search.dry} search={search} go={go} />}
      {at === 3 && search.load && <LoadStep key={search.load} jobId={search.load} search={search} go={go} />}
    </Page>
  )
}

type StepProps = { search: NewImportSearch; go: (next: NewImportSearch) => void }

function MappingStep({ uploadId, search, go }: StepProps & { uploadId: string }) {
  const { t } = useTranslation()
  const format = useFormat()
  const cache = useQueryClient()
  const options = uploadQuery(uploadId, search.entity, search.sheet)
  const query = useQuery(options)
  const upload = query.data
  const start = useMutation({
    mutationFn: ({ entity, sheet, mapping, source }: Upload) => {
      const filled = withDefaults(mapping, { source, zone: format.zone, currency: format.currency })
      return startImport({ upload_id: uploadId, entity, sheet, source: filled.source, mapping: filled, dry_run: true })
    },
    onSuccess: ({ job_id }) => go({ ...search, dry: job_id }),
  })
  const again = <Button onClick={() => go({})}>{t('mapping.another')}</Button>

  if (query.isPending)
    return (
      <Card>
        <Skeleton rows={8} height={28} />
      </Card>
    )
  if (query.isError || !upload)
    return (
      <Card>
        {query.error instanceof ApiError && query.error.status === 404 ? (
          <Notice tone="error" title={t('mapping.lost')} help={t('mapping.lost_help')} action={again} />
        ) : (
          <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />
        )}
      </Card>
    )
  const hasNoRows = upload.sample.length === 0
  // Edits stay in the cache, so that coming back from the dry run finds them.
  const edit = (mapping: Mapping) => cache.setQueryData(options.queryKey, { ...upload, mapping })
  return (
    <>
      {/* Another sheet holds other rows: what they are is found out anew. */}
      <Detected upload={upload} onMapping={edit} onEntity={(entity) => go({ ...search, entity })} onSheet={(sheet) => go({ upload: uploadId, sheet })} />
      {hasNoRows && (
        <Card>
          <Notice tone="error" title={t('mapping.no_rows')} help={t('mapping.no_rows_help')} action={again} />
        </Card>
      )}
      <Card title={t('mapping.title')}>
        <MappingEditor key={`${upload.entity} ${upload.sheet ?? ''}`} upload={upload} mapping={upload.mapping} onChange={edit} />
        {start.isError && <ErrorNotice error={start.error} />}
        <div className="zk-actions">
          <span className="zk-muted">{t('mapping.try_hint')}</span>
          {again}
          <Button type="primary" loading={start.isPending} disabled={hasNoRows} onClick={() => start.mutate(upload)}>
            {t('mapping.try')}
          </Button>
        </div>
      </Card>
    </>
  )
}

type DetectedProps = { upload: Upload; onMapping: (mapping: Mapping) => void; onEntity: (entity: string) => void; onSheet: (sheet: string) => void }

function Detected({ upload, onMapping, onEntity, onSheet }: DetectedProps) {
  const { t } = useTranslation()
  const format = useFormat()
  const { lang } = useSettings()
  const { mapping } = upload
  const doubts = upload.doubts.filter((doubt) => !isLive(doubt))
  const hasSheets = upload.other_sheets.length > 0
  return (
    <Card title={upload.file_name} hint={t('mapping.detected')}>
      <dl className="zk-found-facts">
        <Found label={t('mapping.size')}>{format.bytes(upload.n_bytes)}</Found>
        {upload.encoding && <Found label={t('mapping.encoding')}>{upload.encoding.toUpperCase().replace(/^UTF(\d)/, 'UTF-$1')}</Found>}
        {upload.delimiter && <Found label={t('mapping.delimiter')}>{upload.delimiter === '\t' ? t('mapping.tab') : <code>{upload.delimiter}</code>}</Found>}
        {upload.sheet && !hasSheets && <Found label={t('mapping.sheet')}>{upload.sheet}</Found>}
      </dl>
      <div className="zk-form">
        {upload.sheet && hasSheets && (
          <Field label={t('mapping.sheet')} help={t('mapping.sheet_hint')}>
            {(id) => (
              <Select
                id={id}
                value={upload.sheet}
                popupMatchSelectWidth={false}
                options={[upload.sheet, ...upload.other_sheets].map((value) => ({ value, label: value }))}
                onChange={onSheet}
              />
            )}
          </Field>
        )}
        <Field label={t('mapping.looks_like')} help={word(t, 'entity_hint', upload.entity)}>
          {(id) => (
            <Select
              id={id}
              value={upload.entity}
              popupMatchSelectWidth={false}
              options={ENTITIES.map((value) => ({ value: value, label: word(t, 'entity', value) }))}
              onChange={onEntity}
            />
          )}
        </Field>
        <Field label={t('mapping.source')} help={t('mapping.source_hint')}>
          {(id) => <Input id={id} value={mapping.source ?? upload.source} onChange={(event) => onMapping({ ...mapping, source: event.target.value })} />}
        </Field>
        <Field label={t('mapping.date_order')}>
          {(id) => (
            <Select
              id={id}
              value={mapping.date_order ?? 'year_first'}
              options={[
                ...DATE_ORDERS.map((value) => ({ value: value, label: t(`mapping.${value}`) })),
                ...(mapping.date_order && !DATE_ORDERS.some((value) => value === mapping.date_order) ? [{ value: mapping.date_order, label: mapping.date_order }] : []),
              ]}
              onChange={(value: string) => onMapping({ ...mapping, date_order: value })}
            />
          )}
        </Field>
        <Field label={t('mapping.zone')}>
          {(id) => <Input id={id} value={mapping.zone ?? ''} placeholder={format.zone} onChange={(event) => onMapping({ ...mapping, zone: event.target.value || null })} />}
        </Field>
        <Field label={t('mapping.currency')}>
          {(id) => (
            <Input
              id={id}
              value={mapping.currency ?? ''}
              placeholder={format.currency}
              maxLength={3}
              onChange={(event) => onMapping({ ...mapping, currency: event.target.value.toUpperCase() || null })}
            />
          )}
        </Field>
      </div>
      {doubts.length > 0 && (
        <div className="zk-doubts" role="status">
          <strong>{t('mapping.doubts')}</strong>
          <ul>
            {doubts.map((doubt, index) => (
              <li key={index}>{sayDoubt({ t, lang, format, targets: upload.targets }, doubt)}</li>
            ))}
          </ul>
        </div>
      )}
    </Card>
  )
}

function Found({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  )
}

function Field({ label, help, children }: { label: string; help?: string; children: (id: string) => ReactNode }) {
  const id = useId()
  return (
    <div className="zk-field">
      <label htmlFor={id}>{label}</label>
      {children(id)}
      {help && <span className="zk-field-help">{help}</span>}
    </div>
  )
}

function DryRunStep({ jobId, search, go }: StepProps & { jobId: string }) {
  const { t } = useTranslation()
  const format = useFormat()
  const mapping = useQuery({ ...jobQuery(jobId), enabled: false }).data?.report?.mapping
  const start = useMutation({
    mutationFn: () => {
      if (!mapping || !search.upload) throw new Error('the dry run has no report')
      return startImport({ upload_id: search.upload, entity: mapping.entity, sheet: search.sheet ?? null, source: mapping.source ?? null, mapping, dry_run: false })
    },
    onSuccess: ({ job_id }) => go({ ...search, load: job_id }),
  })
  const back = <Button onClick={() => go({ ...search, dry: undefined })}>{t('job.back_to_mapping')}</Button>
  return (
    <>
      <Card>
        <JobProgress jobId={jobId} title={t('job.trying')}>
          {(job) => (
            <div className="zk-actions zk-actions-top">
              <p className="zk-job-title">{t('job.try_done')}</p>
              {back}
              <Button type="primary" loading={start.isPending} disabled={!job.report?.rows_loaded} onClick={() => start.mutate()}>
                {t('job.load', { count: job.report?.rows_loaded ?? 0, n: format.count(job.report?.rows_loaded) })}
              </Button>
            </div>
          )}
        </JobProgress>
        {start.isError && <ErrorNotice error={start.error} />}
        <FailedJob jobId={jobId}>{back}</FailedJob>
      </Card>
      <JobReport jobId={jobId} isDryRun />
      {mapping && search.upload && (
        <Suspense
          fallback={
            <Card>
              <Skeleton rows={6} />
            </Card>
          }
        >
          <CleaningCard uploadId={search.upload} sheet={search.sheet} mapping={mapping} />
        </Suspense>
      )}
    </>
  )
}

/** What can be done when a job has failed, was cancelled, or is not known any more. */
function FailedJob({ jobId, children }: { jobId: string; children: ReactNode }) {
  const query = useQuery({ ...jobQuery(jobId), enabled: false })
  const isOver = query.data ? query.data.state === 'failed' || query.data.state === 'cancelled' : query.isError
  return isOver ? <div className="zk-actions">{children}</div> : null
}

function JobReport({ jobId, isDryRun = false }: { jobId: string; isDryRun?: boolean }) {
  const query = useQuery({ ...jobQuery(jobId), enabled: false })
  return query.data?.report ? <ReportBody report={query.data.report} isDryRun={isDryRun} /> : null
}

function LoadStep({ jobId, search, go }: StepProps & { jobId: string }) {
  const { t } = useTranslation()
  const { lang } = useSettings()
  const format = useFormat()
  const cache = useQueryClient()
  return (
    <Card>
      <JobProgress
        jobId={jobId}
        title={t('job.loading')}
        hint={t('job.may_leave')}
        // New data change every figure.
        onEnd={() => void cache.invalidateQueries({ predicate: (query) => !OF_UPLOAD.includes(query.queryKey[0]) })}
      >
        {(job) => (
          <>
            <p className="zk-job-title" role="status">
              ✓ {t('job.loaded')}
            </p>
            {job.report && <Equation counts={job.report} />}
            {job.sheets_left.length > 0 && (
              <p>
                <Link to="/data/imports/new" search={{ upload: search.upload, sheet: job.sheets_left[0] }}>
                  {t('job.sheets_left', { names: job.sheets_left.join(lang === 'zh' ? '、' : ', ') })}
                </Link>
              </p>
            )}
            <div className="zk-actions zk-actions-left">
              {job.batch_id && (
                <Link to="/data/imports/$batchId" params={{ batchId: job.batch_id }} className="zk-button zk-button-primary">
                  {t('job.see_report')}
                </Link>
              )}
              {job.batch_id && job.report && job.report.rows_quarantined > 0 && (
                <Link to="/data/imports/$batchId" params={{ batchId: job.batch_id }} search={{ status: 'open' }} hash="quarantine" className="zk-button">
                  {t('job.repair', { count: job.report.rows_quarantined, n: format.count(job.report.rows_quarantined) })}
                </Link>
              )}
              <Link to="/customers" className="zk-button">
                {t('job.see_customers')}
              </Link>
              <Link to="/" className="zk-button">
                {t('job.see_overview')}
              </Link>
              <Link to="/data/imports/new" className="zk-button">
                {t('job.another')}
              </Link>
            </div>
          </>
        )}
      </JobProgress>
      <FailedJob jobId={jobId}>
        <Button onClick={() => go({ ...search, dry: undefined, load: undefined })}>{t('job.back_to_mapping')}</Button>
      </FailedJob>
    </Card>
  )
}
