// Views of the list that were kept: opened, replaced, forgotten.
import { DeleteOutlined } from '@ant-design/icons'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Button, Input, Popconfirm } from 'antd'
import { useId, useState, type SyntheticEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { deleteView, keepView, viewsQuery } from '../../api/customers'
import type { View } from '../../api/types'
import { useFormat } from '../../app/workspace'
import { ErrorNotice, Skeleton } from '../../ui/states'
import { Sheet } from '../../ui/Sheet'

type Props = {
  /** What the list shows now; the rule of a long address included. */
  state: Record<string, unknown>
  onOpen: (view: View) => void
  onClose: () => void
}

export default function Views({ state, onOpen, onClose }: Props) {
  const { t } = useTranslation()
  const format = useFormat()
  const cache = useQueryClient()
  const id = useId()
  const [name, setName] = useState('')
  const query = useQuery(viewsQuery)
  const views = query.data?.items ?? []
  const same = views.find((view) => view.name === name.trim())
  const onSuccess = () => cache.invalidateQueries({ queryKey: ['views'] })
  const keep = useMutation({ mutationFn: () => keepView(name.trim(), state, same?.view_id), onSuccess: () => (setName(''), onSuccess()) })
  const drop = useMutation({ mutationFn: deleteView, onSuccess })
  const submit = (event: SyntheticEvent) => {
    event.preventDefault()
    if (name.trim()) keep.mutate()
  }
  const error = keep.error ?? drop.error
  return (
    <Sheet title={t('customers.views')} closeLabel={t('customers.close')} onClose={onClose}>
      <p className="zk-muted">{t('customers.views_help')}</p>
      {query.isPending && <Skeleton rows={3} />}
      {query.isError && <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />}
      {query.data && views.length === 0 && <p>{t('customers.no_views')}</p>}
      <ul className="zk-view-list">
        {views.map((view) => (
          <li key={view.view_id}>
            <button type="button" className="zk-link-button" onClick={() => onOpen(view)}>
              {view.name}
            </button>
            <small className="zk-muted">{t('customers.view_of', { author: view.author, day: format.instantDay(view.updated_at) })}</small>
            <Popconfirm
              title={t('customers.delete_view_sure')}
              okText={t('customers.delete_view_yes')}
              cancelText={t('customers.cancel')}
              onConfirm={() => drop.mutate(view.view_id)}
              // Inside the dialog, or it would stand behind it.
              getPopupContainer={(trigger) => trigger.closest('dialog') ?? document.body}
              styles={{ root: { maxWidth: 320 } }}
            >
              <button
                type="button"
                className="zk-icon-button"
                aria-label={t('customers.delete_view', { name: view.name ?? '' })}
                title={t('customers.delete_view', { name: view.name ?? '' })}
              >
                <DeleteOutlined aria-hidden="true" />
              </button>
            </Popconfirm>
          </li>
        ))}
      </ul>
      <form className="zk-sheet-form" onSubmit={submit}>
        <label htmlFor={id}>{t('customers.view_name')}</label>
        <Input id={id} value={name} maxLength={100} onChange={(event) => setName(event.target.value)} />
        <div className="zk-form-actions">
          <Button type="primary" htmlType="submit" disabled={!name.trim()} loading={keep.isPending}>
            {same ? t('customers.keep_over') : t('customers.keep_view')}
          </Button>
        </div>
      </form>
      {error && <ErrorNotice error={error} />}
    </Sheet>
  )
}
