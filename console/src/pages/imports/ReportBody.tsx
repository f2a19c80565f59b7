// A load report: what became of every row, how good the data are, what was cleaned, what every column holds.
import { useTranslation } from 'react-i18next'
import type { LoadReport, Mapping } from '../../api/types'
import { useSettings } from '../../app/settings'
import { useFormat } from '../../app/workspace'
import { Card } from '../../ui/Card'
import { DataTable } from '../../ui/DataTable'
import { word } from '../../words'
import { Equation } from './Equation'
import { FieldName } from './FieldName'

const PARTS = ['completeness', 'validity', 'uniqueness', 'consistency', 'timeliness'] as const

export function ReportBody({ report, isDryRun = false }: { report: LoadReport; isDryRun?: boolean }) {
  const { t } = useTranslation()
  const { lang } = useSettings()
  const notes = (lang === 'zh' ? report.notes_zh : report.notes_en) ?? []
  return (
    <>
      <Card title={t('report.equation')}>
        <Equation counts={report} isDryRun={isDryRun} />
        {notes.length > 0 && (
          <ul className="zk-notes" aria-label={t('report.notes')}>
            {notes.map((note) => (
              <li key={note}>{note}</li>
            ))}
          </ul>
        )}
      </Card>
      <div className="zk-columns-3">
        <Quality quality={report.quality} />
        <Tally title={t('report.rules')} head={t('report.rule')} figure={t('report.times')} counts={report.rules} name={(code) => word(t, 'rule', code)} none={t('report.rules_none')} />
        <Tally title={t('report.reasons')} head={t('report.reason')} figure={t('report.rows')} counts={report.reasons} name={(code) => word(t, 'reason', code)} none={t('quarantine.none')} />
      </div>
      {report.columns.some((column) => column.n > 0) && <Columns report={report} />}
      <div className="zk-columns-2">
        <Skipped lines={report.skipped_lines} n={report.n_skipped_lines} />
        <MappingUsed mapping={report.mapping} />
      </div>
    </>
  )
}

function Quality({ quality }: { quality: LoadReport['quality'] }) {
  const { t } = useTranslation()
  const format = useFormat()
  if (!quality) return <Card title={t('report.quality')}>{t('report.quality_none')}</Card>
  return (
    <Card title={t('report.quality')}>
      <p className="zk-quality">
        <strong>{format.quantity(Math.round(quality.score * 10) / 10)}</strong>
        <span>{t('report.out_of')}</span>
      </p>
      <ul className="zk-parts">
        {PARTS.map((part) => (
          <li key={part} title={t(`report.${part}_hint`)} className="zk-bar-row">
            <span className="zk-bar-label">{t(`report.${part}`)}</span>
            <span className="zk-bar-track" aria-hidden="true">
              <span className="zk-bar" style={{ width: `${Math.max(0, Math.min(100, quality[part] ?? 0))}%` }} />
            </span>
            <span className="zk-bar-value">{format.count(quality[part])}</span>
          </li>
        ))}
      </ul>
    </Card>
  )
}

type TallyProps = { title: string; head: string; figure: string; counts: Record<string, number>; name: (code: string) => string; none: string }

/** Codes with how often they occurred, the most frequent first. */
function Tally({ title, head, figure, counts, name, none }: TallyProps) {
  const format = useFormat()
  const rows = Object.entries(counts ?? {}).sort((a, b) => b[1] - a[1])
  return (
    <Card title={title}>
      {rows.length === 0 ? (
        <p className="zk-muted">{none}</p>
      ) : (
        <DataTable
          caption={title}
          rows={rows}
          rowKey={([code]) => code}
          keepsColumns
          maxHeight={250}
          columns={[
            { key: 'code', title: head, isHead: true, cell: ([code]) => <span title={code}>{name(code)}</span> },
            { key: 'n', title: figure, align: 'right', cell: ([, n]) => format.count(n) },
          ]}
        />
      )}
    </Card>
  )
}

function Columns({ report }: { report: LoadReport }) {
  const { t } = useTranslation()
  const format = useFormat()
  return (
    <Card title={t('report.columns')}>
      <DataTable
        caption={t('report.columns')}
        rows={report.columns}
        rowKey={(column) => column.name}
        columns={[
          { key: 'name', title: t('report.column'), isHead: true, cell: (column) => <FieldName entity={report.mapping.entity} code={column.name} /> },
          {
            key: 'complete',
            title: t('report.complete'),
            width: 220,
            phone: 'plain',
            cell: (column) => {
              const share = column.n > 0 ? (column.n - column.n_missing) / column.n : 0
              return (
                <span className="zk-bar-row">
                  <span className="zk-bar-track" aria-hidden="true">
                    <span className="zk-bar" style={{ width: `${share * 100}%` }} />
                  </span>
                  <span className="zk-bar-value">{column.n > 0 ? format.ratioColumn(share) : '--'}</span>
                </span>
              )
            },
          },
          { key: 'missing', title: t('report.missing'), align: 'right', cell: (column) => format.count(column.n_missing) },
          { key: 'distinct', title: t('report.distinct'), align: 'right', cell: (column) => format.count(column.n_distinct) },
          { key: 'range', title: t('report.range'), align: 'right', cell: (column) => format.bounds(column.min, column.max) },
        ]}
      />
    </Card>
  )
}

function Skipped({ lines, n }: { lines: readonly string[]; n: number }) {
  const { t } = useTranslation()
  const format = useFormat()
  return (
    <Card title={t('report.skipped')} hint={t('report.skipped_hint')}>
      {lines.length === 0 ? (
        <p className="zk-muted">{t('report.skipped_none')}</p>
      ) : (
        <ul className="zk-lines">
          {lines.map((line, index) => (
            <li key={index}>{line}</li>
          ))}
          {n > lines.length && <li>{t('report.skipped_more', { count: n - lines.length, n: format.count(n - lines.length) })}</li>}
        </ul>
      )}
    </Card>
  )
}

function MappingUsed({ mapping }: { mapping: Mapping }) {
  const { t } = useTranslation()
  const columns = mapping.columns ?? []
  return (
    <Card title={t('report.mapping')} hint={t('mapping.mapped', { n: columns.length, mapped: columns.filter((column) => column.target).length })}>
      <DataTable
        caption={t('report.mapping')}
        rows={columns.map((column, index) => ({ ...column, index }))}
        rowKey={(column) => column.index}
        keepsColumns
        maxHeight={280}
        columns={[
          { key: 'header', title: t('mapping.column'), isHead: true, cell: (column) => column.header },
          { key: 'target', title: t('mapping.target'), cell: (column) => (column.target ? <FieldName entity={mapping.entity} code={column.target} /> : <span className="zk-muted">{t('mapping.none')}</span>) },
          { key: 'unit', title: t('mapping.unit'), cell: (column) => column.unit ?? '--' },
        ]}
      />
    </Card>
  )
}
