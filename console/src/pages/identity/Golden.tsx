// 主档取值规则: whose word stands, field by field; tried before it is in force.
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Button, Popconfirm } from 'antd'
import { useState, type SyntheticEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { goldenQuery, previewGolden, putGolden } from '../../api/identity'
import type { GoldenPreview, GoldenSheet } from '../../api/types'
import { useFormat } from '../../app/workspace'
import { Card } from '../../ui/Card'
import { DataTable } from '../../ui/DataTable'
import { ErrorNotice, Skeleton } from '../../ui/states'
import { fieldWord } from './fieldWord'
import { RULES, type Row, rowsOf, rulesOf } from './golden'
import { People } from './People'

export function Golden() {
  const { t } = useTranslation()
  const query = useQuery(goldenQuery)
  return (
    <Card title={t('golden.title')} hint={t('golden.hint')}>
      {query.isPending && <Skeleton rows={8} height={28} />}
      {query.isError && <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />}
      {query.data && <Form key={query.data.version} sheet={query.data} />}
    </Card>
  )
}

function Form({ sheet }: { sheet: GoldenSheet }) {
  const { t } = useTranslation()
  const format = useFormat()
  const cache = useQueryClient()
  const [rows, setRows] = useState<readonly Row[]>(rowsOf(sheet.rules, sheet.fields))
  const rules = rulesOf(rows)
  const preview = useMutation({ mutationFn: previewGolden })
  // What customers say changes what every page shows.
  const save = useMutation({ mutationFn: putGolden, onSuccess: () => cache.invalidateQueries() })
  const renew = (next: (all: readonly Row[]) => readonly Row[]) => {
    preview.reset()
    save.reset()
    setRows(next)
  }
  const change = (field: string, to: Partial<Row>) => renew((all) => all.map((row) => (row.field === field ? { ...row, ...to } : row)))
  const title = (field: string) => (field === '' ? t('golden.default') : fieldWord(t, field))
  return (
    <>
      <p className="zk-muted">{t('golden.help')}</p>
      <DataTable
        caption={t('golden.title')}
        columns={[
          { key: 'field', title: t('golden.field'), isHead: true, cell: (row) => title(row.field) },
          {
            key: 'rule',
            title: t('golden.rule'),
            cell: (row) => (
              <select className="zk-select" aria-label={t('golden.rule_of', { field: title(row.field) })} value={row.by} onChange={(event) => change(row.field, { by: event.target.value as Row['by'] })}>
                {row.field !== '' && <option value="">{t('golden.same')}</option>}
                {RULES.map((by) => (
                  <option key={by} value={by}>
                    {t(`golden.rule_${by}`)}
                  </option>
                ))}
              </select>
            ),
          },
          {
            key: 'sources',
            title: t('golden.sources'),
            cell: (row) =>
              row.by === 'most_trusted' && (
                <input className="zk-select" size={28} maxLength={1000} autoComplete="off" aria-label={t('golden.sources_of', { field: title(row.field) })} value={row.sources} onChange={(event) => change(row.field, { sources: event.target.value })} />
              ),
          },
        ]}
        rows={rows}
        rowKey={(row) => row.field}
        keepsColumns
      />
      {rows.some((row) => row.by === 'most_trusted') && <p className="zk-muted">{t('golden.sources_help', { names: sheet.sources.join('、') })}</p>}
      <AddAttribute onAdd={(field) => renew((all) => (all.some((row) => row.field === field) ? all : [...all, { field, by: 'newest', sources: '' }]))} />
      {!rules && <p role="alert" className="zk-off">{t('golden.invalid')}</p>}
      <div className="zk-form-actions">
        <Button disabled={!rules} loading={preview.isPending} onClick={() => rules && preview.mutate(rules)}>
          {t('golden.try')}
        </Button>
        <Popconfirm title={t('golden.apply_sure')} okText={t('golden.apply')} cancelText={t('access.cancel')} onConfirm={() => rules && save.mutate({ version: sheet.version, rules })} styles={{ root: { maxWidth: 420 } }}>
          <Button type="primary" disabled={!rules || !preview.data} loading={save.isPending}>
            {t('golden.apply')}
          </Button>
        </Popconfirm>
      </div>
      {(preview.error ?? save.error) && <ErrorNotice error={preview.error ?? save.error} />}
      {save.data ? <p role="status">{t('golden.applied', { n: format.count(save.data.changed.n_profiles) })}</p> : preview.data && <Result preview={preview.data} />}
    </>
  )
}

function AddAttribute({ onAdd }: { onAdd: (field: string) => void }) {
  const { t } = useTranslation()
  const [name, setName] = useState('')
  const submit = (event: SyntheticEvent) => {
    event.preventDefault()
    onAdd(`traits.${name.trim()}`)
    setName('')
  }
  return (
    <form className="zk-form-actions" onSubmit={submit}>
      <input className="zk-select" maxLength={100} autoComplete="off" placeholder={t('golden.attribute_name')} aria-label={t('golden.attribute_name')} value={name} onChange={(event) => setName(event.target.value)} />
      <Button htmlType="submit" disabled={!name.trim()}>
        {t('golden.add')}
      </Button>
    </form>
  )
}

function Result({ preview }: { preview: GoldenPreview }) {
  const { t } = useTranslation()
  const format = useFormat()
  const fields = Object.entries(preview.fields).sort(([, a], [, b]) => b - a)
  if (preview.n_profiles === 0) return <p role="status">{t('golden.nothing')}</p>
  return (
    <div role="status">
      <p>{t('golden.result', { n: format.count(preview.n_profiles) })}</p>
      <DataTable
        caption={t('golden.result', { n: format.count(preview.n_profiles) })}
        columns={[
          { key: 'field', title: t('golden.field'), isHead: true, cell: ([field]) => fieldWord(t, field) },
          { key: 'n', title: t('golden.n'), align: 'right', cell: ([, n]) => format.count(n) },
        ]}
        rows={fields}
        rowKey={([field]) => field}
      />
      {preview.examples.length > 0 && (
        <DataTable
          caption={t('golden.examples')}
          columns={[
            { key: 'customer', title: t('golden.customer'), isHead: true, cell: (one) => <People ids={[one.profile_id]} /> },
            { key: 'field', title: t('golden.field'), cell: (one) => fieldWord(t, one.field) },
            { key: 'before', title: t('golden.before'), cell: (one) => one.before ?? t('golden.empty') },
            { key: 'after', title: t('golden.after'), cell: (one) => one.after ?? t('golden.empty') },
          ]}
          rows={preview.examples}
          rowKey={(one) => `${one.profile_id} ${one.field}`}
        />
      )}
    </div>
  )
}
