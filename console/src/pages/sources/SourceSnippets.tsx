// How to send events to a source with the SDK that is in use already.
import { Button, Segmented } from 'antd'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { snippetsOf } from './snippets'
import { DIALECTS, type Dialect } from './source'

export function SourceSnippets({ writeKey, origin }: { writeKey: string; origin: string }) {
  const { t } = useTranslation()
  const [dialect, setDialect] = useState<Dialect>('segment')
  const snippets = snippetsOf(dialect, origin, writeKey)
  const [chosen, setChosen] = useState(snippets[0]?.id)
  const [said, setSaid] = useState('')
  const snippet = snippets.find((each) => each.id === chosen) ?? snippets[0]
  if (!snippet) return null
  const copy = async (text: string) => {
    try {
      await navigator.clipboard.writeText(text)
      setSaid(t('sources.copied'))
    } catch {
      setSaid(t('sources.copy_by_hand'))
    }
  }
  return (
    <div className="zk-snippets">
      <Segmented aria-label={t('sources.dialect')} value={dialect} onChange={setDialect} options={DIALECTS.map((each) => ({ value: each, label: t(`sources.${each}`) }))} />
      <p className="zk-muted">{t(`sources.${dialect}_help`)}</p>
      <Segmented aria-label={t('sources.sdk')} value={snippet.id} onChange={setChosen} options={snippets.map((each) => ({ value: each.id, label: each.id === 'miniprogram' ? t('sources.miniprogram') : each.name }))} />
      {[
        ...(snippet.switch ? [{ key: 'switch', label: t('sources.switch'), text: snippet.switch }] : []),
        ...(snippet.install ? [{ key: 'install', label: t('sources.install'), text: snippet.install }] : []),
        { key: 'code', label: t('sources.paste'), text: snippet.code },
      ].map((part) => (
        <div key={part.key} className="zk-snippet">
          <header>
            <span>{part.label}</span>
            <Button size="small" aria-label={t('sources.copy_what', { what: part.label })} onClick={() => void copy(part.text)}>
              {t('sources.copy')}
            </Button>
          </header>
          <pre tabIndex={0} role="group" aria-label={part.label}>
            <code>{part.text}</code>
          </pre>
        </div>
      ))}
      <p className="zk-muted" role="status">
        {said}
      </p>
    </div>
  )
}
