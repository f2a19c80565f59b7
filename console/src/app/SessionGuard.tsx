// Keeps a session while somebody is there, asks shortly before it ends, and covers the page when it has ended. What stood on
// the page, saved or not, is still there when the same person signs in again; for anybody else the console starts anew.
import { useQueryClient } from '@tanstack/react-query'
import { useRouter } from '@tanstack/react-router'
import { Button } from 'antd'
import { lazy, Suspense, useEffect, useEffectEvent, useId, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { sessionQuery, signOut, staySignedIn, type Session } from '../api/accounts'
import { onNotSignedIn } from '../api/client'
import { keep, stored } from '../storage'
import { clock, endingOf, type Ending } from './idle'

const SignInAgain = lazy(() => import('../pages/accounts/SignInAgain'))

/** When the reader was last seen, in any window. */
const SEEN_KEY = 'zhike.seen_at'
const SEEN_EVERY_MS = 5_000
const SIGNS = ['pointerdown', 'keydown', 'wheel', 'touchmove'] as const

export function SessionGuard({ session }: { session: Session }) {
  const cache = useQueryClient()
  const router = useRouter()
  const [isLost, setLost] = useState(false)
  const [ending, setEnding] = useState<Ending>()
  const seen = useRef(0)
  const asked = useRef(0)

  const isHere = () => {
    seen.current = asked.current = Date.now()
    keep(SEEN_KEY, String(seen.current))
    setEnding(undefined)
  }
  const stay = () => {
    isHere()
    // That the session is over is heard like everywhere; a server that does not answer is asked again.
    staySignedIn().catch(() => (asked.current = 0))
  }
  const onSign = useEffectEvent(() => {
    const now = Date.now()
    // Once asked, only the answer counts.
    if (ending || isLost || now - seen.current < SEEN_EVERY_MS) return
    seen.current = now
    keep(SEEN_KEY, String(now))
  })
  const onTick = useEffectEvent(() => {
    if (isLost) return
    const now = Date.now()
    seen.current = Math.max(seen.current, Number(stored(SEEN_KEY) ?? 0))
    const next = endingOf(now, seen.current, session)
    setEnding(next.state === 'ending' ? next : undefined)
    if (next.state === 'over') {
      setLost(true)
      signOut().catch(() => undefined)
    } else if (seen.current > asked.current && now - asked.current > session.idle_seconds * 250) {
      // Somebody who reads or types for long asks the server for nothing.
      asked.current = now
      staySignedIn().catch(() => undefined)
    }
  })
  useEffect(() => {
    seen.current = asked.current = Date.now()
    const heard = () => onSign()
    for (const sign of SIGNS) window.addEventListener(sign, heard, { passive: true })
    const timer = setInterval(() => onTick(), 1000)
    return () => {
      for (const sign of SIGNS) window.removeEventListener(sign, heard)
      clearInterval(timer)
    }
  }, [])
  useEffect(() => onNotSignedIn(() => setLost(true)), [])

  const onSignedIn = async (next: Session) => {
    if (next.user.user_id !== session.user.user_id) {
      location.assign('/')
      return
    }
    cache.setQueryData(sessionQuery.queryKey, next)
    isHere()
    setLost(false)
    await Promise.all([cache.invalidateQueries({ predicate: (query) => query.queryKey[0] !== 'session' }), router.invalidate()])
  }
  return (
    <>
      {ending && !isLost && <EndingSoon ending={ending} onStay={stay} />}
      {isLost && (
        <Suspense fallback={<div className="zk-cover" />}>
          <SignInAgain name={session.user.name} onSignedIn={(next) => void onSignedIn(next)} />
        </Suspense>
      )}
    </>
  )
}

function EndingSoon({ ending, onStay }: { ending: Ending; onStay: () => void }) {
  const { t } = useTranslation()
  const dialog = useRef<HTMLDialogElement>(null)
  const id = useId()
  const [isRead, setRead] = useState(false)
  useEffect(() => dialog.current?.showModal(), [])
  if (isRead) return null
  const answer = () => (ending.isFinal ? setRead(true) : onStay())
  return (
    <dialog ref={dialog} className="zk-ask" role="alertdialog" aria-labelledby={id} aria-describedby={`${id}-help`} onClose={answer}>
      <h2 id={id}>{t('access.ending')}</h2>
      <p id={`${id}-help`}>{ending.isFinal ? t('access.ending_final') : t('access.ending_help')}</p>
      <p className="zk-ask-clock" role="timer">
        {clock(ending.left_ms)}
      </p>
      <Button type="primary" autoFocus onClick={answer}>
        {ending.isFinal ? t('access.ending_read') : t('access.stay')}
      </Button>
    </dialog>
  )
}
