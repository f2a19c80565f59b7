// API 密钥: programs act as whoever made the key, with no more than the key says.
import { useTranslation } from 'react-i18next'
import { Card } from '../../ui/Card'
import { Page } from '../../ui/Page'
import ApiKeys from './ApiKeys'

export default function ApiKeysPage() {
  const { t } = useTranslation()
  return (
    <Page title={t('api_keys.title')} question={t('api_keys.question')}>
      <Card>
        <ApiKeys />
      </Card>
    </Page>
  )
}
