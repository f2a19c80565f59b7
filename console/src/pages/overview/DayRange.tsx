// The calendar, loaded only when somebody wants days of their own.
import { DatePicker } from 'antd'
import dayjs from 'dayjs'
import { useTranslation } from 'react-i18next'
import type { Days } from '../../range'

export default function DayRange({ days, max, onChange }: { days: Days; max?: string; onChange: (days: Days) => void }) {
  const { t } = useTranslation()
  return (
    <DatePicker.RangePicker
      aria-label={t('range.days')}
      allowClear={false}
      {...(max ? { maxDate: dayjs(max) } : {})}
      placeholder={[t('range.from'), t('range.to')]}
      value={[dayjs(days.from), dayjs(days.to)]}
      onChange={(chosen) => {
        if (chosen?.[0] && chosen[1]) onChange({ from: chosen[0].format('YYYY-MM-DD'), to: chosen[1].format('YYYY-MM-DD') })
      }}
    />
  )
}
