// The question of the paths: from which event, which way, how far.
import { Button, Input } from 'antd'
import { useState, type SyntheticEvent } from 'react'
import { useTranslation } from 'react-i18next'
import type { PathsAnswer } from '../../api/types'
import { Pick, Question, ScopeFields } from './fields'
import type { PathsJson } from './question'

const DEPTHS = ['1', '2', '3', '4', '5', '6'] as const

export default function PathsQuestion({ asked, answer, onAsk }: { asked: PathsJson; answer: PathsAnswer | undefined; onAsk: (next: PathsJson) => void }) {
  const { t } = useTranslation()
  const [draft, setDraft] = useState(asked)
  const canRun = draft.anchor.trim() !== ''
  const onSubmit = (event: SyntheticEvent) => {
    event.preventDefault()
    if (canRun) onAsk({ ...draft, anchor: draft.anchor.trim() })
  }
  return (
    <form onSubmit={onSubmit}>
      <Question
        run={
          <Button type="primary" htmlType="submit" disabled={!canRun}>
            {t('insight.run')}
          </Button>
        }
      >
        <div className="zk-question-line">
          <div className="zk-pick">
            <span className="zk-rule-word" aria-hidden="true">
              {t('insight.anchor')}
            </span>
            <Input aria-label={t('insight.anchor')} className="zk-word-input" placeholder={t('insight.anchor_example')} value={draft.anchor} onChange={(event) => setDraft({ ...draft, anchor: event.target.value })} />
          </div>
          <Pick
            label={t('insight.direction')}
            value={draft.direction}
            onChange={(direction) => setDraft({ ...draft, direction: direction === 'before' ? 'before' : 'after' })}
            options={[
              { value: 'after', label: t('insight.after') },
              { value: 'before', label: t('insight.before') },
            ]}
          />
          <Pick label={t('insight.depth')} value={String(draft.depth)} onChange={(depth) => setDraft({ ...draft, depth: Number(depth) })} options={DEPTHS.map((value) => ({ value, label: t('insight.n_steps', { n: value }) }))} />
          <ScopeFields question={draft} answered={answer && { from: answer.head.from, to: answer.head.to }} onChange={setDraft} />
        </div>
      </Question>
    </form>
  )
}
