// A field from a list, or a further attribute by its name.
import { Input, Select } from 'antd'
import { useTranslation } from 'react-i18next'
import type { Choice } from './choices'

type Props = {
  label: string
  fields: readonly Choice[]
  value: string | undefined
  onChange: (field: string) => void
  /** What stands before the names of further attributes, where there are such. */
  further?: string | undefined
  isWrong?: boolean
}

export function FieldSelect({ label, fields, value, onChange, further, isWrong = false }: Props) {
  const { t } = useTranslation()
  const status = isWrong ? 'error' : ''
  const isFurther = further !== undefined && value?.startsWith(further) === true
  return (
    <>
      <Select
        aria-label={label}
        popupMatchSelectWidth={false}
        showSearch={{ optionFilterProp: 'label' }}
        status={status}
        placeholder={label}
        value={isFurther ? further : (value ?? null)}
        onChange={(next: string) => onChange(next)}
        options={[...fields, ...(further === undefined ? [] : [{ value: further, label: t('segments.further') }])]}
      />
      {isFurther && (
        <Input aria-label={t('segments.further_name')} placeholder={t('segments.further_name')} className="zk-word-input" status={status} value={value.slice(further.length)} onChange={(event) => onChange(further + event.target.value.trim())} />
      )}
    </>
  )
}
