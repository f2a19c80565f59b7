// 读取 ＝ 载入 ＋ 重复 ＋ 隔离, and whether it is true.
import { useTranslation } from 'react-i18next'
import { useFormat } from '../../app/workspace'
import { rowsMissing, type Counts } from './counts'

export function Equation({ counts, isDryRun = false }: { counts: Counts; isDryRun?: boolean }) {
  const { t } = useTranslation()
  const format = useFormat()
  const missing = rowsMissing(counts)
  const terms = [
    { sign: '', label: t('report.read'), n: counts.rows_read, kind: 'read' },
    { sign: '=', label: isDryRun ? t('report.would_load') : t('report.loaded'), n: counts.rows_loaded, kind: 'loaded' },
    { sign: '+', label: t('report.duplicate'), n: counts.rows_duplicate, kind: 'duplicate' },
    { sign: '+', label: isDryRun ? t('report.would_quarantine') : t('report.quarantined'), n: counts.rows_quarantined, kind: 'quarantined' },
  ]
  return (
    <div className="zk-equation" role="group" aria-label={t('report.equation')}>
      {terms.map((term) => (
        <div key={term.kind} className={term.kind === 'quarantined' && term.n > 0 ? 'zk-term zk-term-some' : 'zk-term'}>
          {term.sign && <span className="zk-sign">{term.sign}</span>}
          <span className="zk-term-body">
            <span className="zk-term-label">{term.label}</span>
            <strong>{format.count(term.n)}</strong>
          </span>
        </div>
      ))}
      <p className={missing === 0 ? 'zk-sum zk-sum-right' : 'zk-sum zk-sum-wrong'} role={missing === 0 ? undefined : 'alert'}>
        {missing === 0 ? `✓ ${t('report.adds_up')}` : `✗ ${t('report.off_by', { count: Math.abs(missing), n: format.count(Math.abs(missing)) })}`}
      </p>
    </div>
  )
}
