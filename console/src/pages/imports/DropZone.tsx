// ① One file, dropped or chosen. The file goes to the server as it is; nothing is read in the browser.
import { InboxOutlined } from '@ant-design/icons'
import { useMutation } from '@tanstack/react-query'
import { Button } from 'antd'
import { useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { sendFile, type Sent } from '../../api/upload'
import type { Upload } from '../../api/types'
import { ErrorNotice, Notice } from '../../ui/states'
import { rateOf, Sending } from './Sending'

const ACCEPT = '.csv,.tsv,.txt,.xlsx,.xls,.jsonl,.ndjson,.json,.parquet,.zip,.gz'

/** Why a file is not even sent. */
type Refusal = { kind: 'empty' | 'several' | 'folder'; name: string }

export function DropZone({ onUploaded }: { onUploaded: (upload: Upload) => void }) {
  const { t } = useTranslation()
  const input = useRef<HTMLInputElement>(null)
  const abort = useRef<AbortController>(undefined)
  const [isOver, setOver] = useState(false)
  const [isCancelled, setCancelled] = useState(false)
  const [refusal, setRefusal] = useState<Refusal>()
  const [sent, setSent] = useState<Sent & { perSecond?: number | undefined }>()
  const sending = useMutation({
    mutationFn: (file: File) => {
      const began = performance.now()
      abort.current = new AbortController()
      setSent({ bytes: 0, total: file.size })
      return sendFile(file, (now) => setSent({ ...now, perSecond: rateOf(now.bytes, performance.now() - began) }), abort.current.signal)
    },
    onSuccess: onUploaded,
  })
  const send = (files: ArrayLike<File> | null, isFolder = false) => {
    const file = files?.[0]
    if (!file) return
    setCancelled(false)
    sending.reset()
    const kind = isFolder ? 'folder' : files.length > 1 ? 'several' : file.size === 0 ? 'empty' : undefined
    setRefusal(kind && { kind, name: file.name })
    if (!kind) sending.mutate(file)
  }
  const file = sending.variables
  return (
    <div
      className={`zk-drop ${isOver ? 'zk-drop-over' : ''}`}
      onDragOver={(event) => {
        event.preventDefault()
        setOver(true)
      }}
      onDragLeave={(event) => {
        if (!(event.relatedTarget instanceof Node && event.currentTarget.contains(event.relatedTarget))) setOver(false)
      }}
      onDrop={(event) => {
        event.preventDefault()
        setOver(false)
        if (sending.isPending) return
        const isFolder = event.dataTransfer.items[0]?.webkitGetAsEntry?.()?.isDirectory
        send(event.dataTransfer.files, isFolder)
      }}
    >
      {sending.isPending && file && sent ? (
        <Sending
          name={file.name}
          sent={sent}
          onCancel={() => {
            abort.current?.abort()
            setCancelled(true)
            sending.reset()
          }}
        />
      ) : (
        <>
          <InboxOutlined className="zk-drop-icon" aria-hidden="true" />
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
            aria-hidden="true"
            accept={ACCEPT}
            onChange={(event) => {
              send(event.target.files)
              event.target.value = ''
            }}
          />
          <p className="zk-muted">{t('upload.kinds')}</p>
          <p className="zk-muted">{t('upload.private')}</p>
          {isCancelled && <p role="status">{t('upload.cancelled')}</p>}
          {refusal && <Notice tone="error" title={t(`upload.refused_${refusal.kind}`, { name: refusal.name })} help={t(`upload.refused_${refusal.kind}_help`)} />}
          {sending.isError && !isCancelled && <ErrorNotice error={sending.error} title={t('upload.failed', { name: file?.name ?? '' })} />}
        </>
      )}
    </div>
  )
}
