// Definitions to begin with, as JSON.
import { Select } from 'antd'
import { useTranslation } from 'react-i18next'
import { EXAMPLES } from './definitions'

type Name = keyof typeof EXAMPLES

export default function Examples({ onChoose }: { onChoose: (text: string) => void }) {
  const { t } = useTranslation()
  return (
    <Select
      aria-label={t('tags.examples')}
      placeholder={t('tags.examples')}
      popupMatchSelectWidth={false}
      value={null}
      onChange={(name: Name | null) => name && onChoose(JSON.stringify(EXAMPLES[name], null, 2))}
      options={(Object.keys(EXAMPLES) as Name[]).map((value) => ({ value, label: t(`tags.example_${value}`) }))}
    />
  )
}
