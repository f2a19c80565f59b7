// Who is told of incidents, or of alerts: addresses (masked once they are kept), what came of the last notice, a trial.
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Button, Input } from 'antd'
import { useId, useState, type SyntheticEvent } from 'react'
import { useTranslation } from 'react-i18next'
import type { hooksQuery, putHooks, testHooks } from '../../api/watch'
import type { Hook } from '../../api/types'
import { useFormat } from '../../app/workspace'
import { Card } from '../../ui/Card'
import { DataTable, type Column } from '../../ui/DataTable'
import { ErrorNotice } from '../../ui/states'
import { ShownOnce } from '../accounts/ShownOnce'
import { outcomeOf } from './outcome'

type Props = { title: string; hint: string; query: typeof hooksQuery; put: typeof putHooks; test: typeof testHooks }

export function HooksCard({ title, hint, query: options, put, test }: Props) {
  const { t } = useTranslation()
  const format = useFormat()
  const id = useId()
  const cache = useQueryClient()
  const [draft, setDraft] = useState('')
  const [gone, setGone] = useState<readonly string[]>([])
  const query = useQuery(options)
  const onSuccess = (answer: Awaited<ReturnType<typeof testHooks>>) => cache.setQueryData(options.queryKey, { ...answer, secret: null })
  const save = useMutation({
    mutationFn: put,
    onSuccess: (answer) => {
      setDraft('')
      setGone([])
      onSuccess(answer)
    },
  })
  const trial = useMutation({ mutationFn: test, onSuccess })
  const items = query.data?.items ?? []
  const urls = draft.split('\n').map((line) => line.trim()).filter(Boolean)
  const isGone = (one: Hook) => gone.includes(one.hook_id)
  const isChanged = urls.length > 0 || items.some(isGone)
  const submit = (event: SyntheticEvent) => {
    event.preventDefault()
    if (isChanged && !save.isPending) save.mutate({ urls, kept: items.filter((one) => !isGone(one)).map((one) => one.hook_id) })
  }
  const columns: Column<Hook>[] = [
    { key: 'url', title: t('incidents.hook_url'), isHead: true, cell: (one) => (isGone(one) ? <del>{one.url}</del> : one.url) },
    { key: 'outcome', title: t('incidents.hook_outcome'), cell: (one) => outcomeOf(t, one.last_outcome) },
    { key: 'at', title: t('incidents.hook_at'), cell: (one) => (one.last_tried_at ? format.instant(one.last_tried_at) : '--') },
    {
      key: 'change',
      title: t('incidents.hook_change'),
      cell: (one) => (
        <Button size="small" aria-label={t(isGone(one) ? 'incidents.hook_keep_of' : 'incidents.hook_remove_of', { url: one.url })} onClick={() => setGone(isGone(one) ? gone.filter((other) => other !== one.hook_id) : [...gone, one.hook_id])}>
          {t(isGone(one) ? 'incidents.hook_keep' : 'incidents.hook_remove')}
        </Button>
      ),
    },
  ]
  const failed = query.error ?? save.error ?? trial.error
  return (
    <Card title={title} hint={hint}>
      {save.data?.secret && <ShownOnce title={t('incidents.hook_secret')} help={t('incidents.hook_secret_help')} secrets={[save.data.secret]} onDone={() => save.reset()} />}
      <form className="zk-sheet-form" onSubmit={submit}>
        <label htmlFor={id}>{t('incidents.hook_urls')}</label>
        <Input.TextArea id={id} rows={2} value={draft} spellCheck={false} aria-describedby={`${id}-help`} onChange={(event) => setDraft(event.target.value)} />
        <p id={`${id}-help`} className="zk-field-help">
          {t('incidents.hook_urls_help')}
        </p>
        <div className="zk-form-actions">
          <Button type="primary" htmlType="submit" loading={save.isPending} disabled={!isChanged}>
            {t('incidents.hook_save')}
          </Button>
          <Button loading={trial.isPending} disabled={items.length === 0 || isChanged} onClick={() => trial.mutate()}>
            {t('incidents.hook_test')}
          </Button>
        </div>
      </form>
      {failed && <ErrorNotice error={failed} />}
      {items.length > 0 && <DataTable caption={title} columns={columns} rows={items} rowKey={(one) => one.hook_id} />}
    </Card>
  )
}
