// What the reader has set for this browser: language and appearance.
import { createContext, use, useCallback, useEffect, useMemo, useState, type ReactNode } from 'react'
import type { Lang } from '../format'
import i18n, { HTML_LANG } from '../i18n'
import { paint, type Scheme } from './theme'

const LANG_KEY = 'zhike.lang'
const SCHEME_KEY = 'zhike.scheme'

type Settings = { lang: Lang; scheme: Scheme; setLang: (lang: Lang) => void; setScheme: (scheme: Scheme) => void }

const Context = createContext<Settings | undefined>(undefined)

function stored(key: string): string | null {
  try {
    return localStorage.getItem(key)
  } catch {
    return null // storage may be forbidden
  }
}

function keep(key: string, value: string): void {
  try {
    localStorage.setItem(key, value)
  } catch {
    // then it holds until the page is closed
  }
}

function firstScheme(): Scheme {
  const kept = stored(SCHEME_KEY)
  if (kept === 'light' || kept === 'dark') return kept
  return globalThis.matchMedia?.('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'
}

/** Applied before the first paint, so that nothing flashes. */
export function applyStored(): { lang: Lang; scheme: Scheme } {
  const lang: Lang = stored(LANG_KEY) === 'en' ? 'en' : 'zh'
  const scheme = firstScheme()
  document.documentElement.lang = HTML_LANG[lang]
  if (i18n.language !== lang) void i18n.changeLanguage(lang)
  paint(scheme)
  return { lang, scheme }
}

export function SettingsProvider({ children }: { children: ReactNode }) {
  const [{ lang, scheme }, set] = useState(applyStored)
  useEffect(() => {
    document.documentElement.lang = HTML_LANG[lang]
  }, [lang])
  useEffect(() => paint(scheme), [scheme])
  const setLang = useCallback((next: Lang) => {
    keep(LANG_KEY, next)
    void i18n.changeLanguage(next)
    set((old) => ({ ...old, lang: next }))
  }, [])
  const setScheme = useCallback((next: Scheme) => {
    keep(SCHEME_KEY, next)
    set((old) => ({ ...old, scheme: next }))
  }, [])
  const value = useMemo(() => ({ lang, scheme, setLang, setScheme }), [lang, scheme, setLang, setScheme])
  return <Context value={value}>{children}</Context>
}

export function useSettings(): Settings {
  const found = use(Context)
  if (!found) throw new Error('no settings')
  return found
}
