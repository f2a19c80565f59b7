// Conditions for the list, written with the editor of segments and counted while they are written.
import { useQuery } from '@tanstack/react-query'
import { Button } from 'antd'
import { useReducer } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiError } from '../../api/client'
import { previewQuery, type RuleJson } from '../../api/segments'
import { useFormat } from '../../app/workspace'
import { useSettled } from '../../ui/settled'
import { ErrorNotice } from '../../ui/states'
import { edit, emptyRule, readRule, ruleOf, unfinished } from '../segments/rule'
import RuleEditor from '../segments/RuleEditor'
import '../segments/segments.css'

const PAUSE_MS = 300

type Props = { start: RuleJson | undefined; onApply: (rule: RuleJson | undefined) => void; onCancel: () => void }

export default function Conditions({ start, onApply, onCancel }: Props) {
  const { t } = useTranslation()
  const format = useFormat()
  const read = start ? readRule(start) : emptyRule
  const [rule, dispatch] = useReducer(edit, read ?? emptyRule)
  const open = unfinished(rule)
  const shown = JSON.stringify(ruleOf(rule))
  const settled = useSettled(shown, PAUSE_MS)
  const isBehind = settled !== shown
  const query = useQuery(previewQuery(JSON.parse(settled) as RuleJson, undefined, '', open.length === 0 && !isBehind))
  const problems = query.error instanceof ApiError && !isBehind && open.length === 0 ? query.error.problems : []
  const isCurrent = query.data && !isBehind && !query.isPlaceholderData && !query.isError
  const status = open.length > 0 ? t('customers.finish_first') : isCurrent ? t('customers.would_hold', { n: format.people(query.data.count.count) }) : problems.length > 0 ? '' : t('customers.counting')
  return (
    <div className="zk-conditions" role="group" aria-label={t('customers.conditions')}>
      {start && !read && <p className="zk-rule-open">{t('customers.odd_rule')}</p>}
      <RuleEditor rule={rule} dispatch={dispatch} problems={problems} open={open} />
      {query.isError && problems.length === 0 && !isBehind && open.length === 0 && <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />}
      <div className="zk-form-actions">
        <Button type="primary" disabled={open.length > 0 || problems.length > 0} onClick={() => onApply(rule.items.length > 0 ? ruleOf(rule) : undefined)}>
          {t('customers.apply')}
        </Button>
        <Button onClick={onCancel}>{t('customers.cancel')}</Button>
        <span className="zk-muted" role="status">
          {status}
        </span>
      </div>
    </div>
  )
}
