// Which days, and against which other days.
import { Segmented } from 'antd'
import { lazy, Suspense } from 'react'
import { useTranslation } from 'react-i18next'
import { useFormat } from '../../app/workspace'
import { COMPARES, daysOf, PRESETS, type RangeSearch } from '../../range'

const DayRange = lazy(() => import('./DayRange'))

type Props = { search: RangeSearch; asOf: string; onChange: (next: RangeSearch) => void; compared: { from: string; to: string } | undefined }

export function RangeBar({ search, asOf, onChange, compared }: Props) {
  const { t } = useTranslation()
  const format = useFormat()
  const days = daysOf(search, asOf)
  const range = compared && format.dayRange(compared.from, compared.to)
  return (
    <div className="zk-range">
      <div className="zk-scroll-x">
        <Segmented
          aria-label={t('range.label')}
          value={search.range}
          onChange={(range) => onChange(range === 'custom' ? { range, compare: search.compare, ...days } : { range, compare: search.compare })}
          options={PRESETS.map((value) => ({ value, label: t(`range.${value}`) }))}
        />
      </div>
      {search.range === 'custom' ? (
        <Suspense fallback={<span className="zk-days">{format.dayRange(days.from, days.to)}</span>}>
          <DayRange days={days} max={asOf} onChange={(next) => onChange({ range: 'custom', compare: search.compare, ...next })} />
        </Suspense>
      ) : (
        <span className="zk-days">{format.dayRange(days.from, days.to)}</span>
      )}
      <Segmented
        aria-label={t('range.compare')}
        value={search.compare}
        onChange={(compare) => onChange({ ...search, compare })}
        options={COMPARES.map((value) => ({ value, label: t(`range.${value}`), title: t(`range.${value}_hint`) }))}
      />
      {range && <span className="zk-days">{search.compare === 'year' ? t('range.from_year', { range }) : t('range.from_prev', { range })}</span>}
    </div>
  )
}
