// What stands around a page: the shell for those who are signed in, a plain frame for the way in.
import { Outlet, useRouterState } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { Shell } from './Shell'
import { LanguageSwitch, SchemeSwitch } from './Switches'

export function Frame() {
  const isOutside = useRouterState({ select: (state) => state.matches.some((match) => match.staticData.isOutside) })
  return isOutside ? <Outside /> : <Shell />
}

function Outside() {
  const { t } = useTranslation()
  return (
    <div className="zk-outside">
      <header className="zk-outside-head">
        <span className="zk-brand">
          <img src="/favicon.svg" alt="" width={26} height={26} />
          <span>{t('app.name')}</span>
        </span>
        <LanguageSwitch />
        <SchemeSwitch />
      </header>
      <main id="main" className="zk-outside-main">
        <Outlet />
      </main>
    </div>
  )
}
