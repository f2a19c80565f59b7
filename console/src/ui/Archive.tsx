// An archive that is being made: its password, here and nowhere else, and the file once it is there.
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { exportFile, exportQuery } from '../api/customers'
import { ErrorNotice, Notice } from './states'
import './archive.css'

export function Archive({ exportId, password }: { exportId: string; password: string }) {
  const { t } = useTranslation()
  const [isTaken, setTaken] = useState(false)
  const { data, error } = useQuery({ ...exportQuery(exportId), enabled: !isTaken })
  return (
    <div className="zk-sheet-form">
      <p>{t('approvals.password')}</p>
      <p>
        <code className="zk-archive-password">{password}</code>
      </p>
      <p className="zk-muted">{t('approvals.password_help')}</p>
      {error && <ErrorNotice error={error} />}
      {data?.state === 'failed' && <Notice tone="error" title={t('approvals.failed')} />}
      {data?.state === 'done' && !isTaken && (
        <a className="zk-button zk-button-primary" href={exportFile(exportId)} download={data.file_name ?? ''} onClick={() => setTaken(true)}>
          {t('approvals.download')}
        </a>
      )}
      {!data || data.state === 'waiting' || data.state === 'writing' ? <p role="status">{t('approvals.making')}</p> : null}
    </div>
  )
}
