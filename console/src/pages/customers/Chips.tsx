// What the list is filtered by, piece by piece; each piece is taken away by its button.
import { CloseOutlined } from '@ant-design/icons'
import { useQuery } from '@tanstack/react-query'
import { Button } from 'antd'
import { useTranslation } from 'react-i18next'
import { previewQuery, segmentQuery, type RuleJson } from '../../api/segments'
import { useSettings } from '../../app/settings'
import { useFormat } from '../../app/workspace'
import { sentenceOf } from '../segments/words'
import { partsOf, withoutPart, type Spec } from './spec'

type Props = { search: Spec; rule: RuleJson | undefined; onChange: (next: Spec) => void; onRule: (rule: RuleJson | undefined) => void; onClear: () => void }

export function Chips({ search, rule, onChange, onRule, onClear }: Props) {
  const { t } = useTranslation()
  const { lang } = useSettings()
  const format = useFormat()
  const { behind, from, to, segment, tag } = search
  const named = useQuery({ ...segmentQuery(segment ?? ''), enabled: segment !== undefined }).data?.name
  // Its parts in words; the same answer as the editor's.
  const told = useQuery(previewQuery(rule ?? { all: [] }, undefined, '', rule !== undefined)).data
  const parts = rule ? partsOf(rule) : []
  const words = (at: number) => {
    const step = told?.funnel.length === parts.length ? told.funnel[at] : undefined
    return step ? sentenceOf(step, lang).replace(/[。.]$/, '') : t('customers.chip_rule')
  }
  const chips = [
    ...(behind ? [{ key: 'behind', text: t('customers.behind_chip', { figure: t(`kpi.${behind}`), range: format.dayRange(from, to) }), drop: () => onChange({ ...search, behind: undefined, from: undefined, to: undefined }) }] : []),
    ...(segment ? [{ key: 'segment', text: t('customers.chip_segment', { name: named ?? segment }), drop: () => onChange({ ...search, segment: undefined }) }] : []),
    ...(tag ? [{ key: 'tag', text: t('customers.chip_tag', { tag }), drop: () => onChange({ ...search, tag: undefined }) }] : []),
    ...parts.map((_, at) => ({ key: `rule-${at}`, text: words(at), drop: () => rule && onRule(withoutPart(rule, at)) })),
  ]
  if (chips.length === 0) return null
  return (
    <div className="zk-chips">
      <ul aria-label={t('customers.chips')}>
        {chips.map((chip) => (
          <li key={chip.key} className="zk-chip">
            <span>{chip.text}</span>
            <button type="button" aria-label={t('customers.remove', { what: chip.text })} title={t('customers.remove', { what: chip.text })} onClick={chip.drop}>
              <CloseOutlined aria-hidden="true" />
            </button>
          </li>
        ))}
      </ul>
      <Button size="small" onClick={onClear}>
        {t('customers.clear_all')}
      </Button>
    </div>
  )
}
