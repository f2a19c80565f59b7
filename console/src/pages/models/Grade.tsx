// Whether the models behind a page are better than a plain rule, in one sentence each; the card is one click away.
import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import type { ModelName, ModelVersion } from '../../api/models'

export function Status({ status }: { status: string }) {
  const { t } = useTranslation()
  const known = status === 'live' || status === 'retired' ? status : 'withheld'
  return <span className={`zk-model-status zk-model-${known}`}>{t(`models.status_${known}`)}</span>
}

export function Grade({ versions, models }: { versions: readonly ModelVersion[]; models: readonly ModelName[] }) {
  const { i18n } = useTranslation()
  const isZh = i18n.language === 'zh'
  const newest = models.flatMap((model) => versions.find((version) => version.model === model) ?? [])
  if (newest.length === 0) return null
  return (
    <ul className="zk-grades">
      {newest.map((version) => (
        <li key={version.model}>
          <Link to="/data/models" search={{ model: version.model as ModelName }}>
            {isZh ? version.name_zh : version.name_en}
          </Link>
          <Status status={version.status} />
          <span className="zk-muted">{isZh ? version.meaning_zh : version.meaning_en}</span>
        </li>
      ))}
    </ul>
  )
}
