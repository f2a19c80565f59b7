// ② Where every column of the file goes.
import { Select } from 'antd'
import { useId, useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Mapping, MappingColumn, Target, Upload } from '../../api/types'
import { useSettings } from '../../app/settings'
import { DataTable } from '../../ui/DataTable'
import { PurposeSelect } from '../../ui/PurposeSelect'
import { CONSENT, confidenceOf, DATE_ORDERS, dateOrderOf, isDate, isMoney, problemsOf, TRAITS, withConsent, withDateOrder, withTarget, withUnit } from './mapping'

const NONE = ''
const UNITS = ['yuan', 'fen', 'wan_yuan'] as const

type Props = { upload: Pick<Upload, 'sample' | 'targets'>; mapping: Mapping; onChange: (mapping: Mapping) => void }

export function MappingEditor({ upload: { sample, targets }, mapping, onChange }: Props) {
  const { t } = useTranslation()
  const { lang } = useSettings()
  const [byHand, setByHand] = useState<ReadonlySet<number>>(new Set())
  const [isDoubtfulOnly, setDoubtfulOnly] = useState(false)
  const byName = useMemo(() => new Map(targets.map((target) => [target.name, target])), [targets])
  const titleOf = (name: string) => {
    const found = byName.get(name)
    return found ? title(found) : name
  }
  const title = (target: Target) => (lang === 'zh' ? target.title_zh : target.title_en)

  const options = useMemo(() => {
    const option = (target: Target) => ({
      value: target.name,
      label: lang === 'zh' ? target.title_zh : target.title_en,
      search: `${target.name} ${target.title_zh} ${target.title_en}`.toLowerCase(),
    })
    const required = targets.filter((target) => target.required)
    return [
      { value: NONE, label: t('mapping.none'), search: '' },
      { value: TRAITS, label: t('mapping.traits'), search: `traits ${t('mapping.traits')}`.toLowerCase() },
      ...(mapping.entity === 'profiles' ? [{ value: CONSENT, label: t('mapping.consent'), search: `consent ${t('mapping.consent')}`.toLowerCase() }] : []),
      ...(required.length > 0 ? [{ label: t('mapping.required_group'), options: required.map(option) }] : []),
      { label: t('mapping.other_group'), options: targets.filter((target) => !target.required).map(option) },
    ]
  }, [targets, lang, mapping.entity, t])

  const rows = mapping.columns.map((column, index) => ({ column, index, confidence: byHand.has(index) ? ('by_hand' as const) : confidenceOf(column) }))
  const isDoubtful = (row: (typeof rows)[number]) => row.confidence === 'low' || row.confidence === 'none'
  const shown = isDoubtfulOnly ? rows.filter((row) => isDoubtful(row) || row.confidence === 'by_hand') : rows
  const problems = problemsOf(mapping, targets)

  return (
    <div>
      <div className="zk-mapping-head">
        <span>{t('mapping.mapped', { n: rows.length, mapped: rows.filter((row) => row.column.target).length })}</span>
        <label className="zk-check">
          <input type="checkbox" checked={isDoubtfulOnly} onChange={(event) => setDoubtfulOnly(event.target.checked)} />
          {t('mapping.filter_doubtful')}
        </label>
      </div>
      {problems.length > 0 && (
        <ul className="zk-problems" role="status">
          {problems.map((problem) => (
            <li key={problem.kind === 'missing' ? 'missing' : problem.target}>
              {problem.kind === 'missing'
                ? t('mapping.missing_required', { names: problem.targets.map(title).join(lang === 'zh' ? '、' : ', ') })
                : t(problem.addsUp ? 'mapping.adds_up' : 'mapping.duplicate', {
                    target: titleOf(problem.target),
                    columns: problem.headers.join(lang === 'zh' ? '、' : ', '),
                  })}
            </li>
          ))}
        </ul>
      )}
      <DataTable
        caption={t('mapping.title')}
        rows={shown}
        rowKey={(row) => row.index}
        columns={[
          { key: 'column', title: t('mapping.column'), isHead: true, cell: ({ column }) => column.header },
          {
            key: 'samples',
            phone: 'plain-line',
            title: t('mapping.samples'),
            cell: ({ index }) => (
              <ul className="zk-samples">
                {sample.slice(0, 3).map((row, at) => (
                  <li key={at}>{row[index] == null || row[index] === '' ? <span className="zk-muted">{t('mapping.empty')}</span> : row[index]}</li>
                ))}
              </ul>
            ),
          },
          {
            key: 'target',
            phone: 'plain-line',
            title: t('mapping.target'),
            width: 230,
            cell: ({ column, index }) => (
              <Select
                className="zk-target"
                aria-label={t('mapping.target_of', { column: column.header })}
                value={column.target ?? NONE}
                showSearch={{ filterOption: (typed, option) => !!option && 'search' in option && !!option.search?.includes(typed.toLowerCase()) }}
                popupMatchSelectWidth={260}
                options={options}
                onChange={(target: string) => {
                  setByHand(new Set(byHand).add(index))
                  onChange(withTarget(mapping, index, target === NONE ? null : target))
                }}
              />
            ),
          },
          { key: 'confidence', title: t('mapping.confidence'), cell: ({ confidence }) => (confidence === 'none' ? '--' : <span className={`zk-confidence zk-confidence-${confidence}`}>{t(`mapping.${confidence}`)}</span>) },
          { key: 'personal', title: t('mapping.personal'), phone: 'plain', cell: ({ column }) => (column.target && byName.get(column.target)?.personal ? <span className="zk-personal">{t('mapping.personal_yes')}</span> : '--') },
          {
            key: 'unit',
            title: t('mapping.unit_or_dates'),
            width: 140,
            cell: ({ column, index }) =>
              column.target === CONSENT ? (
                <ConsentOf column={column} onChange={(change) => onChange(withConsent(mapping, index, change))} />
              ) : column.target && isDate(column.target) ? (
                <Select
                  className="zk-unit"
                  aria-label={t('mapping.date_order_of', { column: column.header })}
                  value={dateOrderOf(column) ?? NONE}
                  popupMatchSelectWidth={false}
                  options={[
                    { value: NONE, label: t('mapping.date_order_file') },
                    ...DATE_ORDERS.map((order) => ({ value: order, label: t(`mapping.${order}`) })),
                  ]}
                  onChange={(order: string) => onChange(withDateOrder(mapping, index, order === NONE ? null : order))}
                />
              ) : column.target && isMoney(column.target) ? (
                <Select
                  className="zk-unit"
                  aria-label={t('mapping.unit_of', { column: column.header })}
                  value={column.unit ?? NONE}
                  options={[
                    { value: NONE, label: t('mapping.unit_none') },
                    ...UNITS.map((unit) => ({ value: unit, label: t(`mapping.${unit}`) })),
                    ...(column.unit && !UNITS.some((unit) => unit === column.unit) ? [{ value: column.unit, label: column.unit }] : []),
                  ]}
                  onChange={(unit: string) => onChange(withUnit(mapping, index, unit === NONE ? null : unit))}
                />
              ) : (
                (column.unit ?? '--')
              ),
          },
        ]}
      />
    </div>
  )
}

/** For what a column states consent, and whether it says who opted out. */
function ConsentOf({ column, onChange }: { column: MappingColumn; onChange: (change: { purpose?: string; is_opt_out?: boolean }) => void }) {
  const { t } = useTranslation()
  const id = useId()
  return (
    <>
      <label className="zk-hidden" htmlFor={id}>
        {t('mapping.consent_for', { column: column.header })}
      </label>
      <PurposeSelect id={id} value={column.consent?.purpose ?? ''} onChange={(purpose) => onChange({ purpose })} />
      <label className="zk-check">
        <input type="checkbox" checked={column.consent?.is_opt_out ?? false} onChange={(event) => onChange({ is_opt_out: event.target.checked })} />
        {t('mapping.opt_out')}
      </label>
    </>
  )
}
