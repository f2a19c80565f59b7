// One code, drawn, and what becomes of it while it is looked at.
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Button, Popconfirm, QRCode } from 'antd'
import { useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { bindingQuery, revokeBinding } from '../../api/queries'
import { useFormat } from '../../app/workspace'
import { Card } from '../../ui/Card'
import { ErrorNotice, Skeleton } from '../../ui/states'
import { word } from '../../words'
import { isScannable, remaining } from './binding'

export default function BindCode({ bindingId, onClose }: { bindingId: string; onClose: () => void }) {
  const { t } = useTranslation()
  const format = useFormat()
  const cache = useQueryClient()
  const query = useQuery(bindingQuery(bindingId))
  const now = useNow()
  const drawing = useRef<HTMLDivElement>(null)
  const [said, setSaid] = useState('')
  const revoke = useMutation({ mutationFn: () => revokeBinding(bindingId), onSuccess: () => cache.invalidateQueries({ queryKey: ['bindings'] }) })
  if (query.isError) {
    return (
      <Card>
        <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />
      </Card>
    )
  }
  if (!query.data) {
    return (
      <Card>
        <Skeleton rows={6} height={28} />
      </Card>
    )
  }
  const { binding, link } = query.data
  const left = remaining(binding.expires_at, now)
  const isOpen = isScannable(binding, now)
  const state = binding.state === 'waiting' && !isOpen ? 'expired' : binding.state
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(link)
      setSaid(t('sources.copied'))
    } catch {
      setSaid(t('sources.copy_by_hand'))
    }
  }
  const save = () => {
    const svg = drawing.current?.querySelector('svg')
    if (!svg) return
    const copied = svg.cloneNode(true) as SVGElement
    copied.setAttribute('xmlns', 'http://www.w3.org/2000/svg')
    const anchor = document.createElement('a')
    anchor.href = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(copied.outerHTML)}`
    anchor.download = `${binding.store_id ?? binding.binding_id}.svg`
    anchor.click()
  }
  const whom = binding.kind === 'store' ? [binding.store_id, binding.place].filter(Boolean).join(' · ') : t('bind.member')
  return (
    <Card title={whom} extra={<Button onClick={onClose}>{t('bind.close')}</Button>}>
      <div className={`zk-bind-code zk-bind-${state}`}>
        <div ref={drawing} role="img" aria-label={t('bind.drawn')} className="zk-bind-drawing">
          <QRCode type="svg" value={link} size={232} marginSize={4} color="#000000" bgColor="#ffffff" bordered={false} errorLevel="M" />
        </div>
        <p className="zk-bind-state" role="status">
          {word(t, 'binding_state', state)}
        </p>
        <p className="zk-muted">
          {isOpen && t('bind.left', { left })} {t('bind.uses', { n: format.count(binding.n_uses), max: format.count(binding.max_uses) })}
        </p>
        {binding.profile_id && (
          <p>
            <Link to="/customers/$profileId" params={{ profileId: binding.profile_id }} search={{}}>
              {t('bind.open_profile')}
            </Link>
          </p>
        )}
        {revoke.isError && <ErrorNotice error={revoke.error} />}
        <div className="zk-form-actions">
          <Button onClick={() => void copy()}>{t('bind.copy')}</Button>
          <Button onClick={save}>{t('bind.save')}</Button>
          {isOpen && (
            <Popconfirm title={t('bind.revoke_sure')} okText={t('bind.revoke')} cancelText={t('sources.cancel')} onConfirm={() => revoke.mutate()}>
              <Button danger loading={revoke.isPending}>
                {t('bind.revoke')}
              </Button>
            </Popconfirm>
          )}
        </div>
        <p className="zk-muted" role="status">
          {said}
        </p>
      </div>
    </Card>
  )
}

function useNow(): number {
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000)
    return () => clearInterval(timer)
  }, [])
  return now
}
