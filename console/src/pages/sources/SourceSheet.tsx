// One source: its key, how to send to it, and how it does.
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Button, Popconfirm } from 'antd'
import { useTranslation } from 'react-i18next'
import { rotateKey, updateSource } from '../../api/queries'
import type { Source } from '../../api/types'
import { useFormat } from '../../app/workspace'
import { Card } from '../../ui/Card'
import { ErrorNotice } from '../../ui/states'
import { word } from '../../words'
import { CommerceEditor } from './CommerceEditor'
import { SourceSnippets } from './SourceSnippets'

type Props = { source: Source; origin: string; now: number; onClose: () => void }

export function SourceSheet({ source, origin, now, onClose }: Props) {
  const { t } = useTranslation()
  const format = useFormat()
  const cache = useQueryClient()
  const onSuccess = () => cache.invalidateQueries({ queryKey: ['sources'] })
  const rotate = useMutation({ mutationFn: () => rotateKey(source.source_id), onSuccess })
  const toggle = useMutation({ mutationFn: () => updateSource(source.source_id, { is_enabled: !source.is_enabled }), onSuccess })
  const { health } = source
  const reasons = Object.entries(health.rejected_by_reason).sort(([, a], [, b]) => b - a)
  const error = rotate.error ?? toggle.error
  return (
    <Card title={source.name}>
      <dl className="zk-facts">
        <div>
          <dt>{t('sources.whole_key')}</dt>
          <dd>
            <code>{source.write_key}</code>
            <p className="zk-muted">{t('sources.key_help')}</p>
          </dd>
        </div>
        <div>
          <dt>{t('sources.last')}</dt>
          <dd>{format.relative(health.last_received_at ?? null, now)}</dd>
        </div>
        <div>
          <dt>{t('sources.last_hour')}</dt>
          <dd>
            <span className="zk-figures">{format.count(health.n_last_hour)}</span>
            {health.usual && (
              <span className="zk-muted"> {t('sources.usually', { low: format.count(health.usual.low), high: format.count(health.usual.high) })}</span>
            )}
          </dd>
        </div>
        <div>
          <dt>{t('sources.violations')}</dt>
          <dd>{format.count(health.n_violations_24h)}</dd>
        </div>
        {source.allowed_origins.length > 0 && (
          <div>
            <dt>{t('sources.origins')}</dt>
            <dd>{source.allowed_origins.join(' ')}</dd>
          </div>
        )}
        {reasons.length > 0 && (
          <div>
            <dt>{t('sources.why_rejected')}</dt>
            <dd>
              <ul className="zk-plain-list">
                {reasons.map(([code, n]) => (
                  <li key={code}>
                    {word(t, 'reason', code)} <span className="zk-figures">{format.count(n)}</span>
                  </li>
                ))}
              </ul>
            </dd>
          </div>
        )}
      </dl>
      {error && <ErrorNotice error={error} />}
      <div className="zk-form-actions">
        <Link to="/data/live" search={{ source: source.name }} className="zk-button">
          {t('sources.see_live')}
        </Link>
        <Popconfirm title={t('sources.rotate_sure')} okText={t('sources.rotate_yes')} cancelText={t('sources.cancel')} onConfirm={() => rotate.mutate()}>
          <Button loading={rotate.isPending}>{t('sources.rotate')}</Button>
        </Popconfirm>
        <Button loading={toggle.isPending} onClick={() => toggle.mutate()}>
          {source.is_enabled ? t('sources.disable') : t('sources.enable')}
        </Button>
        <Button onClick={onClose}>{t('sources.close')}</Button>
      </div>
      <CommerceEditor source={source} />
      <SourceSnippets writeKey={source.write_key} origin={origin} />
    </Card>
  )
}
