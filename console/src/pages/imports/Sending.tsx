// How much of a file has left. The last byte sent, the server still has to look at it.
import { Button } from 'antd'
import { useTranslation } from 'react-i18next'
import type { Sent } from '../../api/upload'
import { useFormat } from '../../app/workspace'
import { ProgressBar } from '../../ui/ProgressBar'
import { useDuration } from './duration'

/** A rate of the first moments says nothing. */
const RATE_FROM_MS = 1000

/** Bytes a second, once there is something to say. */
export function rateOf(bytes: number, ms: number): number | undefined {
  return ms >= RATE_FROM_MS && bytes > 0 ? (bytes / ms) * 1000 : undefined
}

type Props = { name: string; sent: Sent & { perSecond?: number | undefined }; onCancel: () => void }

export function Sending({ name, sent: { bytes, total, perSecond }, onCancel }: Props) {
  const { t } = useTranslation()
  const format = useFormat()
  const duration = useDuration()
  const isOver = bytes >= total
  return (
    <>
      <p role="status">{isOver ? t('upload.looking', { name }) : t('upload.sending', { name, size: format.bytes(total) })}</p>
      <ProgressBar label={t('upload.progress')} share={isOver ? undefined : bytes / total} />
      <ul className="zk-dotted">
        <li>{t('upload.sent', { done: format.bytes(bytes), total: format.bytes(total) })}</li>
        {!isOver && perSecond !== undefined && (
          <>
            <li>{t('upload.speed', { size: format.bytes(perSecond) })}</li>
            <li>{t('job.left', { time: duration(((total - bytes) / perSecond) * 1000) })}</li>
          </>
        )}
      </ul>
      <Button onClick={onCancel}>{t('upload.cancel')}</Button>
    </>
  )
}
