// Says why counts are missing: the role is not told of so few people.
import { useTranslation } from 'react-i18next'

export function SmallGroups({ isSuppressed }: { isSuppressed: boolean | undefined }) {
  const { t } = useTranslation()
  return isSuppressed ? <p className="zk-muted zk-small-groups">{t('small_groups.note')}</p> : null
}
