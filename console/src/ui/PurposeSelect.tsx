// What data are to be used for: one of the purposes that are defined.
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { purposesQuery } from '../api/consents'
import { useSettings } from '../app/settings'

/** Says a purpose by its name; a text from before there were purposes as it stands. */
export function usePurposeName(): (code: string) => string {
  const { lang } = useSettings()
  const purposes = useQuery(purposesQuery).data?.items ?? []
  return (code) => {
    const purpose = purposes.find((each) => each.code === code)
    if (!purpose) return code || '--'
    return lang === 'zh' ? purpose.name_zh : purpose.name
  }
}

type Props = { id: string; value: string; isMissing?: boolean; describedBy?: string | undefined; onChange: (code: string) => void }

export function PurposeSelect({ id, value, isMissing = false, describedBy, onChange }: Props) {
  const { t } = useTranslation()
  const { lang } = useSettings()
  const purposes = useQuery(purposesQuery).data?.items ?? []
  // A text from before there were purposes is shown as it stands.
  const isOld = value !== '' && purposes.length > 0 && !purposes.some((purpose) => purpose.code === value)
  return (
    <select id={id} className="zk-select" value={value} aria-invalid={isMissing || undefined} aria-describedby={describedBy} onChange={(event) => onChange(event.target.value)}>
      <option value="">{t('consents.choose')}</option>
      {isOld && <option value={value}>{value}</option>}
      {purposes.map((purpose) => (
        <option key={purpose.code} value={purpose.code}>
          {lang === 'zh' ? purpose.name_zh : purpose.name}
        </option>
      ))}
    </select>
  )
}
