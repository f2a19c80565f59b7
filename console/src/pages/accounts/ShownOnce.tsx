// A secret that is shown now and never again: to be copied or written down.
import { Button } from 'antd'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

export function ShownOnce({ title, help, secrets, onDone }: { title: string; help: string; secrets: readonly string[]; onDone?: () => void }) {
  const { t } = useTranslation()
  const [said, setSaid] = useState('')
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(secrets.join('\n'))
      setSaid(t('access.copied'))
    } catch {
      setSaid(t('access.copy_by_hand'))
    }
  }
  return (
    <section className="zk-shown-once" aria-label={title}>
      <p role="status">
        <strong>{title}</strong>
      </p>
      <p className="zk-muted">{help}</p>
      <ul className="zk-secrets">
        {secrets.map((secret) => (
          <li key={secret}>
            <code>{secret}</code>
          </li>
        ))}
      </ul>
      <div className="zk-form-actions">
        <Button onClick={() => void copy()}>{t('access.copy')}</Button>
        {onDone && <Button onClick={onDone}>{t('access.noted')}</Button>}
      </div>
      <p className="zk-muted" role="status">
        {said}
      </p>
    </section>
  )
}
