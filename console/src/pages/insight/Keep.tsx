// Keeps people as a segment: a name, and where the segment is then.
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Button, Input } from 'antd'
import { useState, type SyntheticEvent } from 'react'
import { useTranslation } from 'react-i18next'
import type { Segment } from '../../api/types'
import { ErrorNotice } from '../../ui/states'

export function Keep({ keep: send, title }: { keep: (name: string) => Promise<Segment>; title: string }) {
  const { t } = useTranslation()
  const client = useQueryClient()
  const [name, setName] = useState(title.slice(0, 100))
  const keep = useMutation({
    mutationFn: () => send(name.trim()),
    onSuccess: () => client.invalidateQueries({ queryKey: ['segments'] }),
  })
  const onSubmit = (event: SyntheticEvent) => {
    event.preventDefault()
    keep.mutate()
  }
  if (keep.data) {
    return (
      <p role="status">
        {t('insight.kept')}{' '}
        <Link to="/customers/segments/$segmentId" params={{ segmentId: keep.data.segment_id }} search={{ view: 'chart' }}>
          {keep.data.name}
        </Link>
      </p>
    )
  }
  return (
    <form className="zk-keep" onSubmit={onSubmit}>
      {keep.isError && <ErrorNotice error={keep.error} />}
      <Input aria-label={t('insight.keep_name')} maxLength={100} value={name} onChange={(event) => setName(event.target.value)} />
      <Button htmlType="submit" type="primary" loading={keep.isPending} disabled={name.trim() === ''}>
        {t('insight.keep')}
      </Button>
    </form>
  )
}
