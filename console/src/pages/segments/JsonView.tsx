// The rule as text. What is wrong is shown with its line, and a click goes there.
import { Button, Input } from 'antd'
import { useRef, type ComponentRef } from 'react'
import { useTranslation } from 'react-i18next'
import type { Problem } from '../../api/client'
import { useSettings } from '../../app/settings'
import { lineOf, placeOf, placesIn, type Place } from './place'

type Props = { label?: string; text: string; onChange: (text: string) => void; problems: readonly Problem[]; isOdd: boolean }

export default function JsonView({ label, text, onChange, problems, isOdd }: Props) {
  const { t } = useTranslation()
  const { lang } = useSettings()
  const input = useRef<ComponentRef<typeof Input.TextArea>>(null)
  const found = placesIn(text)
  const go = (place: Place) => {
    const area = input.current?.resizableTextArea?.textArea
    area?.focus()
    area?.setSelectionRange(place.from, place.to)
  }
  return (
    <div className="zk-json">
      <Input.TextArea
        ref={input}
        aria-label={label ?? t('segments.json_label')}
        className="zk-code-input"
        spellCheck={false}
        // antd's own growing writes style attributes, which the content security policy forbids.
        rows={Math.min(24, Math.max(6, text.split('\n').length))}
        status={found.wrongAt !== undefined || problems.length > 0 ? 'error' : ''}
        value={text}
        onChange={(event) => onChange(event.target.value)}
      />
      <div role="status">
        {found.wrongAt !== undefined && <p className="zk-rule-open">{t('segments.json_wrong', { line: lineOf(text, found.wrongAt) })}</p>}
        {found.wrongAt === undefined && isOdd && <p className="zk-rule-open">{t('segments.json_shape')}</p>}
      </div>
      {found.wrongAt === undefined && problems.length > 0 && (
        <ul className="zk-rule-problems" aria-label={t('segments.problems')}>
          {problems.map((problem) => {
            const place = placeOf(found, problem.pointer)
            return (
              <li key={problem.pointer + problem.kind}>
                {place && (
                  <Button type="link" size="small" onClick={() => go(place)}>
                    {t('segments.json_line', { line: lineOf(text, place.from) })}
                  </Button>
                )}
                <code>{problem.pointer || '/'}</code> {lang === 'zh' ? problem.zh : problem.en}
              </li>
            )
          })}
        </ul>
      )}
    </div>
  )
}
