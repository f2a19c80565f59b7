// ① One file, dropped or chosen. The file goes to the server as it is; nothing is read in the browser.
import { InboxOutlined } from '@ant-design/icons'
import { useMutation } from '@tanstack/react-query'
import { Button } from 'antd'
import { useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { upload } from '../../api/queries'
import type { Upload } from '../../api/types'
import { useFormat } from '../../app/workspace'
import { ErrorNotice } from '../../ui/states'

const ACCEPT = '.csv,.tsv,.txt,.xlsx,.xls,.jsonl,.ndjson,.json,.parquet,.zip,.gz'

export function DropZone({ onUploaded }: { onUploaded: (upload: Upload) => void }) {
  const { t } = useTranslation()
  const format = useFormat()
  const input = useRef<HTMLInputElement>(null)
  const abort = useRef<AbortController>(undefined)
  const [isOver, setOver] = useState(false)
  const [isCancelled, setCancelled] = useState(false)
  const sending = useMutation({
    mutationFn: (file: File) => {
      abort.current = new AbortController()
      return upload(file, abort.current.signal)
    },
    onSuccess: onUploaded,
  })
  const send = (file: File | undefined) => {
    if (!file) return
    setCancelled(false)
    sending.mutate(file)
  }
  const file = sending.variables
  return (
    <div
      className={`zk-drop ${isOver ? 'zk-drop-over' : ''}`}
      onDragOver={(event) => {
        event.preventDefault()
        setOver(true)
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault()
        setOver(false)
        send(event.dataTransfer.files[0])
      }}
    >
      {sending.isPending && file ? (
        <>
          <p role="status">{t('upload.sending', { name: file.name, size: format.bytes(file.size) })}</p>
          <div className="zk-progress zk-progress-unknown" role="progressbar" aria-label={t('job.progress')}>
            <span />
          </div>
          <Button
            onClick={() => {
              abort.current?.abort()
              setCancelled(true)
              sending.reset()
            }}
          >
            {t('upload.cancel')}
          </Button>
        </>
      ) : (
        <>
          <InboxOutlined className="zk-drop-icon" />
          <p className="zk-drop-line">
            {t('upload.drop')}
            <Button type="primary" onClick={() => input.current?.click()}>
              {t('upload.choose')}
            </Button>
          </p>
          <input
            ref={input}
            type="file"
            className="zk-hidden"
            tabIndex={-1}
            aria-label={t('upload.choose')}
            accept={ACCEPT}
            onChange={(event) => {
              send(event.target.files?.[0])
              event.target.value = ''
            }}
          />
          <p className="zk-muted">{t('upload.kinds')}</p>
          <p className="zk-muted">{t('upload.private')}</p>
          {isCancelled && <p role="status">{t('upload.cancelled')}</p>}
          {sending.isError && !isCancelled && <ErrorNotice error={sending.error} />}
        </>
      )}
    </div>
  )
}
