// Who is signed in, what is theirs, and the way out.
import { UserOutlined } from '@ant-design/icons'
import { useMutation } from '@tanstack/react-query'
import { Link, useRouterState } from '@tanstack/react-router'
import { Button } from 'antd'
import { useEffect, useId, useRef, useState, type KeyboardEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { signOut, type Session } from '../api/accounts'
import { ApiError, NOT_SIGNED_IN } from '../api/client'
import { ErrorNotice } from '../ui/states'
import { word } from '../words'

export function UserMenu({ session: { user } }: { session: Session }) {
  const { t } = useTranslation()
  const id = useId()
  const [isOpen, setOpen] = useState(false)
  const box = useRef<HTMLDivElement>(null)
  const button = useRef<HTMLButtonElement>(null)
  const href = useRouterState({ select: (state) => state.location.href })
  const out = useMutation({
    mutationFn: () =>
      signOut().catch((error: unknown) => {
        if (!(error instanceof ApiError && error.code === NOT_SIGNED_IN)) throw error
      }),
    // A page loaded anew has forgotten all that was read.
    onSuccess: () => location.assign('/sign-in'),
  })
  const [shownAt, setShownAt] = useState(href)
  if (shownAt !== href) {
    setShownAt(href)
    setOpen(false)
  }

  useEffect(() => {
    if (!isOpen) return
    const onPointer = (event: PointerEvent) => {
      if (!(event.target instanceof Node && box.current?.contains(event.target))) setOpen(false)
    }
    window.addEventListener('pointerdown', onPointer)
    return () => window.removeEventListener('pointerdown', onPointer)
  }, [isOpen])

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Escape' || !isOpen) return
    event.stopPropagation()
    setOpen(false)
    button.current?.focus()
  }
  const name = user.display_name || user.name
  return (
    <div
      ref={box}
      className="zk-chooser zk-user-menu"
      onKeyDown={onKeyDown}
      onBlur={(event) => {
        if (event.relatedTarget instanceof Node && !box.current?.contains(event.relatedTarget)) setOpen(false)
      }}
    >
      <button ref={button} type="button" className="zk-icon-button" title={name} aria-label={t('access.user_menu', { name })} aria-expanded={isOpen} aria-controls={id} onClick={() => setOpen(!isOpen)}>
        <UserOutlined aria-hidden="true" />
      </button>
      <div id={id} className="zk-chooser-panel" role="group" aria-label={t('access.user_menu', { name })} hidden={!isOpen}>
        {isOpen && (
          <>
            <strong>{name}</strong>
            <span className="zk-muted">{user.roles.map((role) => word(t, 'role', role)).join(t('access.and'))}</span>
            <Link to="/account">{t('nav.account')}</Link>
            {out.isError && <ErrorNotice error={out.error} title={t('access.sign_out_failed')} />}
            <Button size="small" loading={out.isPending} onClick={() => out.mutate()}>
              {t('access.sign_out')}
            </Button>
          </>
        )}
      </div>
    </div>
  )
}
