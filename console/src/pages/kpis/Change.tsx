// How a figure has changed: an arrow, words, and a colour that says whether it is good.
import { useTranslation } from 'react-i18next'
import type { KpiDefinition, KpiPoint } from '../../api/types'
import { useFormat } from '../../app/workspace'
import { changeFrom } from './words'

const ARROW = { up: '▲', down: '▼', same: '', unknown: '' }

export function ChangeWords({ kpi, point, compare, currency }: { kpi: KpiDefinition; point: KpiPoint; compare: 'previous' | 'year'; currency: string }) {
  const { t } = useTranslation()
  const format = useFormat(currency)
  if (point.value == null || (compare === 'year' ? point.year_before : point.previous) == null) return <>--</>
  const change = changeFrom(t, format, kpi, point, compare)
  return (
    <span className={`zk-change zk-${change.meaning}`}>
      {ARROW[change.direction] && <span aria-hidden="true">{ARROW[change.direction]}</span>}
      {change.text}
    </span>
  )
}
