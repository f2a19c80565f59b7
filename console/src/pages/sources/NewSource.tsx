// A source to be made: a name is enough.
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Button, Input } from 'antd'
import { useId, useState, type SyntheticEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { createSource } from '../../api/queries'
import type { Source } from '../../api/types'
import { Card } from '../../ui/Card'
import { ErrorNotice } from '../../ui/states'

export function NewSource({ onCreated, onClose }: { onCreated: (source: Source) => void; onClose: () => void }) {
  const { t } = useTranslation()
  const cache = useQueryClient()
  const id = useId()
  const [name, setName] = useState('')
  const [origins, setOrigins] = useState('')
  const [isBackEnd, setBackEnd] = useState(false)
  const create = useMutation({
    mutationFn: () => createSource({ name: name.trim(), allowed_origins: linesOf(origins), proves_identity: isBackEnd }),
    onSuccess: async (source) => {
      await cache.invalidateQueries({ queryKey: ['sources'] })
      onCreated(source)
    },
  })
  const submit = (event: SyntheticEvent) => {
    event.preventDefault()
    if (name.trim()) create.mutate()
  }
  return (
    <Card title={t('sources.new')}>
      <form className="zk-source-form" onSubmit={submit}>
        <div>
          <label htmlFor={`${id}-name`}>{t('sources.name')}</label>
          <Input id={`${id}-name`} value={name} onChange={(event) => setName(event.target.value)} maxLength={100} aria-describedby={`${id}-name-help`} autoFocus />
          <p id={`${id}-name-help`} className="zk-muted">
            {t('sources.name_help')}
          </p>
        </div>
        <div>
          <label htmlFor={`${id}-origins`}>{t('sources.origins')}</label>
          <Input.TextArea id={`${id}-origins`} value={origins} onChange={(event) => setOrigins(event.target.value)} rows={2} placeholder="https://shop.example.cn" aria-describedby={`${id}-origins-help`} />
          <p id={`${id}-origins-help`} className="zk-muted">
            {t('sources.origins_help')}
          </p>
        </div>
        <div>
          <label>
            <input type="checkbox" checked={isBackEnd} onChange={(event) => setBackEnd(event.target.checked)} aria-describedby={`${id}-proves-help`} /> {t('sources.proves')}
          </label>
          <p id={`${id}-proves-help`} className="zk-muted">
            {t('sources.proves_help')}
          </p>
        </div>
        {create.isError && <ErrorNotice error={create.error} />}
        <div className="zk-form-actions">
          <Button type="primary" htmlType="submit" loading={create.isPending} disabled={!name.trim()}>
            {t('sources.save')}
          </Button>
          <Button onClick={onClose}>{t('sources.cancel')}</Button>
        </div>
      </form>
    </Card>
  )
}

/** Lines without blanks and empty ones. */
export function linesOf(text: string): string[] {
  return text
    .split(/[\s,，]+/)
    .map((line) => line.trim())
    .filter((line) => line !== '')
}
