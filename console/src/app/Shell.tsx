// The frame around every page: skip link, menu, header, and the place where pages stand.
import { CloseOutlined, MenuFoldOutlined, MenuOutlined, MenuUnfoldOutlined, QuestionCircleOutlined, SearchOutlined } from '@ant-design/icons'
import { useQuery } from '@tanstack/react-query'
import { Link, Outlet, useRouterState } from '@tanstack/react-router'
import { Fragment, lazy, Suspense, useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { alertsQuery } from '../api/alerts'
import { approvalsQuery } from '../api/watch'
import { isOnPage, plainKey } from '../ui/keys'
import { WhoTile } from '../ui/WhoTile'
import { useGroups, type Place } from './places'
import { May, useSession } from './session'
import { SessionGuard } from './SessionGuard'
import { useSettings } from './settings'
import { LanguageSwitch, SchemeSwitch } from './Switches'
import { UserMenu } from './UserMenu'
import { useWorkspace } from './workspace'

const CommandBox = lazy(() => import('./CommandBox'))
const KeyHelp = lazy(() => import('./KeyHelp'))
const IS_MAC = /Mac|iPhone|iPad/.test(navigator.userAgent)

export function Shell() {
  const { t } = useTranslation()
  const [isFolded, setFolded] = useState(false)
  const [isSearching, setSearching] = useState(false)
  const [isHelping, setHelping] = useState(false)
  const { hasLetterKeys } = useSettings()
  const session = useSession()
  const drawer = useRef<HTMLDialogElement>(null)
  const main = useRef<HTMLElement>(null)
  const pathname = useRouterState({ select: (state) => state.resolvedLocation?.pathname })
  const announced = usePageChange(pathname, main)

  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === 'k') {
        event.preventDefault()
        setSearching((open) => !open)
      } else if (hasLetterKeys && plainKey(event) === '?' && isOnPage(event)) {
        event.preventDefault()
        setHelping(true)
      }
    }
    window.addEventListener('keydown', onKey)
    return () => window.removeEventListener('keydown', onKey)
  }, [hasLetterKeys])
  useEffect(() => drawer.current?.close(), [pathname])

  return (
    <div className={`zk-shell ${isFolded ? 'zk-folded' : ''}`}>
      <a className="zk-skip" href="#main" onClick={(event) => { event.preventDefault(); main.current?.focus() }}>
        {t('app.skip')}
      </a>
      <header className="zk-header">
        <button type="button" className="zk-icon-button zk-menu-button" aria-label={t('app.menu')} onClick={() => drawer.current?.showModal()}>
          <MenuOutlined aria-hidden="true" />
        </button>
        <Link to="/" className="zk-brand">
          <img src="/favicon.svg" alt="" width={26} height={26} />
          <span>{t('app.name')}</span>
        </Link>
        <WorkspaceName />
        <button type="button" className="zk-search-button" aria-keyshortcuts="Meta+K Control+K" onClick={() => setSearching(true)}>
          <SearchOutlined aria-hidden="true" />
          <span className="zk-search-text">{t('command.open')}</span>
          <kbd aria-hidden="true">{IS_MAC ? '⌘ K' : 'Ctrl K'}</kbd>
        </button>
        <LanguageSwitch />
        <SchemeSwitch />
        <button type="button" className="zk-icon-button zk-help-button" aria-label={t('keys.title')} title={`${t('keys.title')} (?)`} onClick={() => setHelping(true)}>
          <QuestionCircleOutlined aria-hidden="true" />
        </button>
        {session && <UserMenu session={session} />}
      </header>
      <aside className="zk-side">
        <Menu />
        <div className="zk-side-foot">
          <Version />
          <button
            type="button"
            className="zk-icon-button"
            aria-label={isFolded ? t('app.expand') : t('app.collapse')}
            aria-expanded={!isFolded}
            onClick={() => setFolded(!isFolded)}
          >
            {isFolded ? <MenuUnfoldOutlined aria-hidden="true" /> : <MenuFoldOutlined aria-hidden="true" />}
          </button>
        </div>
      </aside>
      <dialog ref={drawer} className="zk-drawer" aria-label={t('app.menu')} onClick={(event) => { if (event.target === drawer.current) drawer.current.close() }}>
        <button type="button" className="zk-icon-button" aria-label={t('app.close_menu')} onClick={() => drawer.current?.close()}>
          <CloseOutlined aria-hidden="true" />
        </button>
        <Menu />
        <Version />
      </dialog>
      <main id="main" ref={main} className="zk-main" tabIndex={-1}>
        <KeysDisabled />
        <Outlet />
      </main>
      <div className="zk-hidden" role="status">
        {announced}
      </div>
      <Suspense>
        {isSearching && (
          <CommandBox
            onClose={() => setSearching(false)}
            onHelp={() => {
              setSearching(false)
              setHelping(true)
            }}
          />
        )}
        {isHelping && <KeyHelp onClose={() => setHelping(false)} />}
      </Suspense>
      <WhoTile />
      {session && <SessionGuard session={session} />}
    </div>
  )
}

/** On a new page, focus goes to the content and the page's title is read out. */
function usePageChange(pathname: string | undefined, main: React.RefObject<HTMLElement | null>): string {
  const { t } = useTranslation()
  const before = useRef<string | undefined>(undefined)
  const [announced, setAnnounced] = useState('')
  useEffect(() => {
    const isFirst = before.current === undefined
    if (pathname === undefined || before.current === pathname) return
    before.current = pathname
    if (isFirst) return
    main.current?.focus({ preventScroll: true })
    const later = setTimeout(() => setAnnounced(t('app.new_page', { title: document.title })), 300)
    return () => clearTimeout(later)
  }, [pathname, main, t])
  return announced
}

function Menu() {
  const { t } = useTranslation()
  const groups = useGroups()
  return (
    <nav className="zk-menu" aria-label={t('app.main_menu')}>
      {groups.map((group) => (
        <Fragment key={group.name ?? ''}>
          {group.name && <p className="zk-menu-group">{t(`nav.${group.name}`)}</p>}
          {group.places.map((place) => (
            <MenuLink key={place.to} place={place} />
          ))}
        </Fragment>
      ))}
    </nav>
  )
}

function MenuLink({ place: { to, name, icon: Icon, except = [] } }: { place: Place }) {
  const { t } = useTranslation()
  const isElsewhere = useRouterState({ select: (state) => except.some((path) => state.location.pathname.startsWith(path)) })
  return (
    <Link to={to} className="zk-menu-link" title={t(`nav.${name}`)} activeOptions={{ exact: to === '/' || isElsewhere, includeSearch: false }} activeProps={{ className: 'zk-active' }}>
      <Icon aria-hidden="true" />
      <span className="zk-menu-label">{t(`nav.${name}`)}</span>
      {to === '/governance/approvals' && (
        <May to="approvals.decide">
          <MineToDecide />
        </May>
      )}
      {to === '/alerts' && <ToBeSeenTo />}
    </Link>
  )
}

/** How much waits for whoever looks. */
function MineToDecide() {
  const { t } = useTranslation()
  const n = useQuery(approvalsQuery).data?.n_mine ?? 0
  return n > 0 ? (
    <span className="zk-menu-count" title={t('approvals.mine', { n })}>
      {n}
    </span>
  ) : null
}

/** How many alerts nobody has seen to. */
function ToBeSeenTo() {
  const { t } = useTranslation()
  const n = useQuery(alertsQuery(false)).data?.n_open ?? 0
  return n > 0 ? (
    <span className="zk-menu-count" title={t('alerts.waiting', { n })}>
      {n}
    </span>
  ) : null
}

/** Said on every page: what needs a personal value fails, and why. */
function KeysDisabled() {
  const { t } = useTranslation()
  const { data } = useWorkspace()
  if (!data?.keys_disabled) return null
  return (
    <p className="zk-banner" role="alert">
      <strong>{t('data_keys.banner')}</strong> {t('data_keys.banner_help')}{' '}
      <May to="encryption.disable">
        <Link to="/governance/keys">{t('data_keys.open')}</Link>
      </May>
    </p>
  )
}

function WorkspaceName() {
  const { data } = useWorkspace()
  return <span className="zk-workspace">{data?.name}</span>
}

function Version() {
  const { t } = useTranslation()
  const { data } = useWorkspace()
  return <span className="zk-version">{data && t('app.version', { version: data.version })}</span>
}
