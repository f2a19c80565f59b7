// The frame around every page: skip link, menu, header, and the place where pages stand.
import {
  ApiOutlined,
  ApartmentOutlined,
  BarChartOutlined,
  CloseOutlined,
  FileProtectOutlined,
  SolutionOutlined,
  HeatMapOutlined,
  ImportOutlined,
  LineChartOutlined,
  MenuFoldOutlined,
  MenuOutlined,
  MenuUnfoldOutlined,
  MoonOutlined,
  QrcodeOutlined,
  QuestionCircleOutlined,
  SafetyCertificateOutlined,
  SearchOutlined,
  SunOutlined,
  SwapOutlined,
  TagsOutlined,
  TeamOutlined,
  ThunderboltOutlined,
} from '@ant-design/icons'
import { Link, Outlet, useRouterState } from '@tanstack/react-router'
import { lazy, Suspense, useEffect, useRef, useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { isOnPage, plainKey } from '../ui/keys'
import { useSettings } from './settings'
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
  return (
    <nav className="zk-menu" aria-label={t('app.main_menu')}>
      <MenuLink to="/" icon={<LineChartOutlined aria-hidden="true" />} label={t('nav.overview')} isExact />
      <p className="zk-menu-group">{t('nav.customers')}</p>
      <MenuLink to="/customers" icon={<TeamOutlined aria-hidden="true" />} label={t('nav.profiles')} except={['/customers/segments', '/customers/tags']} />
      <MenuLink to="/customers/segments" icon={<ApartmentOutlined aria-hidden="true" />} label={t('nav.segments')} />
      <MenuLink to="/customers/tags" icon={<TagsOutlined aria-hidden="true" />} label={t('nav.tags')} />
      <p className="zk-menu-group">{t('nav.insight')}</p>
      <MenuLink to="/insight/kpis" icon={<BarChartOutlined aria-hidden="true" />} label={t('nav.kpis')} />
      <MenuLink to="/insight/rfm" icon={<HeatMapOutlined aria-hidden="true" />} label={t('nav.rfm')} />
      <MenuLink to="/insight/migration" icon={<SwapOutlined aria-hidden="true" />} label={t('nav.migration')} />
      <p className="zk-menu-group">{t('nav.data')}</p>
      <MenuLink to="/data/imports" icon={<ImportOutlined aria-hidden="true" />} label={t('nav.imports')} />
      <MenuLink to="/data/quality" icon={<SafetyCertificateOutlined aria-hidden="true" />} label={t('nav.quality')} />
      <MenuLink to="/data/sources" icon={<ApiOutlined aria-hidden="true" />} label={t('nav.sources')} />
      <MenuLink to="/data/live" icon={<ThunderboltOutlined aria-hidden="true" />} label={t('nav.live')} />
      <MenuLink to="/data/bind" icon={<QrcodeOutlined aria-hidden="true" />} label={t('nav.bind')} />
      <p className="zk-menu-group">{t('nav.governance')}</p>
      <MenuLink to="/governance/consents" icon={<FileProtectOutlined aria-hidden="true" />} label={t('nav.consents')} />
      <MenuLink to="/governance/requests" icon={<SolutionOutlined aria-hidden="true" />} label={t('nav.requests')} />
    </nav>
  )
}

type MenuPath = '/' | '/customers' | '/customers/segments' | '/customers/tags' | '/insight/kpis' | '/insight/rfm' | '/insight/migration' | '/data/imports' | '/data/quality' | '/data/sources' | '/data/live' | '/data/bind' | '/governance/consents' | '/governance/requests'

/** `except`: below its path, but entries of their own. */
function MenuLink({ to, icon, label, isExact = false, except = [] }: { to: MenuPath; icon: ReactNode; label: string; isExact?: boolean; except?: readonly MenuPath[] }) {
  const isElsewhere = useRouterState({ select: (state) => except.some((path) => state.location.pathname.startsWith(path)) })
  return (
    <Link to={to} className="zk-menu-link" title={label} activeOptions={{ exact: isExact || isElsewhere, includeSearch: false }} activeProps={{ className: 'zk-active' }}>
      {icon}
      <span className="zk-menu-label">{label}</span>
    </Link>
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

function LanguageSwitch() {
  const { t } = useTranslation()
  const { lang, setLang } = useSettings()
  return (
    <div className="zk-lang" role="group" aria-label={t('app.language')}>
      <button type="button" lang="zh-CN" aria-pressed={lang === 'zh'} onClick={() => setLang('zh')}>
        中文
      </button>
      <button type="button" lang="en" aria-pressed={lang === 'en'} onClick={() => setLang('en')}>
        EN
      </button>
    </div>
  )
}

function SchemeSwitch() {
  const { t } = useTranslation()
  const { scheme, setScheme } = useSettings()
  return (
    <button
      type="button"
      className="zk-icon-button"
      aria-label={scheme === 'light' ? t('app.to_dark') : t('app.to_light')}
      title={scheme === 'light' ? t('app.to_dark') : t('app.to_light')}
      onClick={() => setScheme(scheme === 'light' ? 'dark' : 'light')}
    >
      {scheme === 'light' ? <MoonOutlined aria-hidden="true" /> : <SunOutlined aria-hidden="true" />}
    </button>
  )
}
