// What every answer says first: what it means, what to look at, and who is left out.
import { useTranslation } from 'react-i18next'
import type { AnalysisHead } from '../../api/types'
import { useSettings } from '../../app/settings'
import { useFormat } from '../../app/workspace'
import { SmallGroups } from '../../ui/SmallGroups'

export function Means({ head, suggestion }: { head: AnalysisHead; suggestion?: string | null | undefined }) {
  const { t } = useTranslation()
  const { lang } = useSettings()
  const format = useFormat()
  const isZh = lang === 'zh'
  return (
    <>
      <SmallGroups isSuppressed={head.is_suppressed} />
      <p className="zk-sentence">
        <strong>{t('overview.means')}</strong>
        <span>
          {isZh ? head.meaning_zh : head.meaning}
          {suggestion && (
            <>
              <br />
              {suggestion}
            </>
          )}
        </span>
      </p>
      <p className="zk-muted zk-asked">{isZh ? head.sentence_zh : head.sentence}</p>
      {(head.excluded?.total ?? 0) > 0 && <p className="zk-muted">{t('insight.excluded', { n: format.people(head.excluded?.total) })}</p>}
    </>
  )
}
