// What can be done with a segment: edited, copied, put aside, taken back.
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { Button, Popconfirm } from 'antd'
import { useTranslation } from 'react-i18next'
import { updateSegment } from '../../api/segments'
import type { Segment } from '../../api/types'
import { ErrorNotice } from '../../ui/states'

export default function SegmentActions({ segment }: { segment: Segment }) {
  const { t } = useTranslation()
  const cache = useQueryClient()
  const navigate = useNavigate()
  const { segment_id: id, is_archived: isArchived } = segment
  const archive = useMutation({
    mutationFn: (to: boolean) => updateSegment(id, segment.version, { is_archived: to }),
    onSuccess: async (_, to) => {
      await cache.invalidateQueries({ queryKey: ['segments'] })
      await cache.invalidateQueries({ queryKey: ['segment', id], exact: true })
      if (to) await navigate({ to: '/customers/segments' })
    },
  })
  return (
    <>
      {archive.isError && <ErrorNotice error={archive.error} title={t('segments.save_failed')} />}
      {isArchived ? (
        <Button loading={archive.isPending} onClick={() => archive.mutate(false)}>
          {t('segments.restore')}
        </Button>
      ) : (
        <Popconfirm title={t('segments.archive_sure')} okText={t('segments.archive')} cancelText={t('segments.cancel')} onConfirm={() => archive.mutate(true)}>
          <Button loading={archive.isPending}>{t('segments.archive')}</Button>
        </Popconfirm>
      )}
      {segment.kind === 'rule' && (
        <Link className="zk-button" to="/customers/segments/new" search={{ from: id }}>
          {t('segments.duplicate')}
        </Link>
      )}
      {!isArchived && (
        <Link className="zk-button zk-button-primary" to="/customers/segments/$segmentId/edit" params={{ segmentId: id }}>
          {t('segments.edit')}
        </Link>
      )}
    </>
  )
}
