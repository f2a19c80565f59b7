// 数据分级: the properties of events and traits that there are, their class and grade, and what nobody has graded yet.
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Button } from 'antd'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { declareGrades, gradesQuery } from '../../api/governance'
import type { DeclaredGrade, PropertyGrade } from '../../api/types'
import { useFormat } from '../../app/workspace'
import { Card } from '../../ui/Card'
import { DataTable, type Column } from '../../ui/DataTable'
import { Page } from '../../ui/Page'
import { ErrorNotice, Notice, Skeleton } from '../../ui/states'
import { known } from '../../words'

const CLASSES = ['technical', 'behaviour', 'commerce', 'attribute', 'location', 'identity', 'sensitive', 'text', 'unknown'] as const
const GRADES = [1, 2, 3, 4] as const

const keyOf = (row: PropertyGrade) => JSON.stringify([row.source, row.event, row.property])

export default function GradesPage() {
  const { t } = useTranslation()
  const format = useFormat()
  const cache = useQueryClient()
  const query = useQuery(gradesQuery)
  const [draft, setDraft] = useState<Readonly<Record<string, DeclaredGrade>>>({})
  const save = useMutation({
    mutationFn: () => declareGrades(Object.values(draft)),
    onSuccess: async () => {
      setDraft({})
      // Pages that were read before showed other masks.
      await cache.invalidateQueries()
    },
  })
  const items = query.data?.items ?? []
  const change = (row: PropertyGrade, to: Partial<Pick<DeclaredGrade, 'class' | 'grade'>>) =>
    setDraft((all) => {
      const now = all[keyOf(row)] ?? { source: row.source, event: row.event, property: row.property, class: row.class, grade: row.grade }
      return { ...all, [keyOf(row)]: { ...now, ...to } }
    })
  const suggested = items.filter((row) => row.suggested_grade !== null)
  const columns: Column<PropertyGrade>[] = [
    { key: 'property', title: t('grades.property'), isHead: true, cell: (row) => <code>{row.property}</code> },
    { key: 'event', title: t('grades.event'), cell: (row) => (row.event === '$traits' ? t('grades.trait') : row.event) },
    { key: 'source', title: t('grades.source'), cell: (row) => row.source ?? '--' },
    {
      key: 'class',
      title: t('grades.class'),
      cell: (row) => (
        <select className="zk-select" aria-label={t('grades.class_of', { name: row.property })} value={draft[keyOf(row)]?.class ?? row.class} onChange={(event) => change(row, { class: event.target.value })}>
          {CLASSES.map((each) => (
            <option key={each} value={each}>
              {known(t, 'grades.class', each)}
            </option>
          ))}
        </select>
      ),
    },
    {
      key: 'grade',
      title: t('grades.grade'),
      cell: (row) => (
        <select className="zk-select" aria-label={t('grades.grade_of', { name: row.property })} value={draft[keyOf(row)]?.grade ?? row.grade} onChange={(event) => change(row, { grade: Number(event.target.value) })}>
          {GRADES.map((each) => (
            <option key={each} value={each}>
              {each}
            </option>
          ))}
        </select>
      ),
    },
    { key: 'origin', title: t('grades.origin'), cell: (row) => known(t, 'grades.origin', row.origin) },
    { key: 'n', title: t('grades.n_values'), align: 'right', cell: (row) => format.count(row.n_values) },
    { key: 'suggested', title: t('grades.suggested'), cell: (row) => (row.suggested_class === null ? '--' : `${known(t, 'grades.class', row.suggested_class)} ${row.suggested_grade ?? ''}`) },
  ]
  const n = Object.keys(draft).length
  return (
    <Page title={t('grades.title')} question={t('grades.question')}>
      <Card title={t('grades.list')} hint={query.data && t('grades.n_ungraded', { n: query.data.n_ungraded })}>
        <p className="zk-muted">{t('grades.help')}</p>
        {query.isPending && <Skeleton rows={8} height={28} />}
        {query.isError && <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />}
        {query.data && items.length === 0 && <Notice title={t('grades.none')} help={t('grades.none_help')} />}
        {items.length > 0 && (
          <>
            <div className="zk-form-actions">
              <Button disabled={suggested.length === 0} onClick={() => suggested.forEach((row) => change(row, { class: row.suggested_class, grade: row.suggested_grade }))}>
                {t('grades.take', { n: suggested.length })}
              </Button>
              <Button type="primary" disabled={n === 0} loading={save.isPending} onClick={() => save.mutate()}>
                {t('grades.save', { n })}
              </Button>
            </div>
            {save.error && <ErrorNotice error={save.error} />}
            <DataTable caption={t('grades.list')} columns={columns} rows={items} rowKey={keyOf} />
          </>
        )}
      </Card>
    </Page>
  )
}
