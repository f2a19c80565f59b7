// What the reader has set for this browser: language, appearance, single-letter keys.
import { createContext, use, useCallback, useEffect, useMemo, useState, type ReactNode } from 'react'
import type { Lang } from '../format'
import i18n, { HTML_LANG, loadTexts } from '../i18n'
import { keep, stored } from '../storage'
import { paint, type Scheme } from './theme'

const LANG_KEY = 'zhike.lang'
const SCHEME_KEY = 'zhike.scheme'
const LETTERS_KEY = 'zhike.letter_keys'

type Settings = {
  lang: Lang
  scheme: Scheme
  /** Whether keys like J, K and ? act by themselves. */
  hasLetterKeys: boolean
  setLang: (lang: Lang) => void
  setScheme: (scheme: Scheme) => void
  setLetterKeys: (on: boolean) => void
}

const Context = createContext<Settings | undefined>(undefined)

function firstScheme(): Scheme {
  const kept = stored(SCHEME_KEY)
  if (kept === 'light' || kept === 'dark') return kept
  return globalThis.matchMedia?.('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'
}

export function storedLang(): Lang {
  return stored(LANG_KEY) === 'en' ? 'en' : 'zh'
}

/** Applied before the first paint, so that nothing flashes; the texts of the language are loaded. */
function applyStored(): Pick<Settings, 'lang' | 'scheme' | 'hasLetterKeys'> {
  const lang = storedLang()
  const scheme = firstScheme()
  document.documentElement.lang = HTML_LANG[lang]
  if (i18n.language !== lang) void i18n.changeLanguage(lang)
  paint(scheme)
  return { lang, scheme, hasLetterKeys: stored(LETTERS_KEY) !== 'off' }
}

export function SettingsProvider({ children }: { children: ReactNode }) {
  const [{ lang, scheme, hasLetterKeys }, set] = useState(applyStored)
  useEffect(() => {
    document.documentElement.lang = HTML_LANG[lang]
  }, [lang])
  useEffect(() => paint(scheme), [scheme])
  const setLang = useCallback((next: Lang) => {
    const speak = () => {
      keep(LANG_KEY, next)
      void i18n.changeLanguage(next)
      set((old) => ({ ...old, lang: next }))
    }
    // Where the texts cannot be loaded, the language stays as it was.
    void loadTexts(next).then(speak, () => undefined)
  }, [])
  const setScheme = useCallback((next: Scheme) => {
    keep(SCHEME_KEY, next)
    set((old) => ({ ...old, scheme: next }))
  }, [])
  const setLetterKeys = useCallback((on: boolean) => {
    keep(LETTERS_KEY, on ? 'on' : 'off')
    set((old) => ({ ...old, hasLetterKeys: on }))
  }, [])
  const value = useMemo(
    () => ({ lang, scheme, hasLetterKeys, setLang, setScheme, setLetterKeys }),
    [lang, scheme, hasLetterKeys, setLang, setScheme, setLetterKeys],
  )
  return <Context value={value}>{children}</Context>
}

export function useSettings(): Settings {
  const found = use(Context)
  if (!found) throw new Error('no settings')
  return found
}
