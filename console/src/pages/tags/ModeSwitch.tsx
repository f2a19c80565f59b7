// Whether what a tag computes is written as conditions or as JSON.
import { Segmented } from 'antd'
import { useTranslation } from 'react-i18next'

export type Mode = 'rule' | 'json'

export default function ModeSwitch({ mode, onChange }: { mode: Mode; onChange: (mode: Mode) => void }) {
  const { t } = useTranslation()
  return (
    <Segmented
      aria-label={t('tags.how')}
      value={mode}
      onChange={onChange}
      options={[
        { value: 'rule', label: t('tags.how_rule') },
        { value: 'json', label: t('tags.how_json') },
      ]}
    />
  )
}
