// Texts of the console. Keys are checked by the compiler; both languages hold the same set (checked by a test).
// A language is loaded when it is spoken: nobody waits for the texts of the other.
import i18next from 'i18next'
import { initReactI18next } from 'react-i18next'
import type { Lang } from '../format'
import type { zh } from './zh'

declare module 'i18next' {
  interface CustomTypeOptions {
    defaultNS: 'translation'
    resources: { translation: typeof zh }
    returnNull: false
  }
}

/** HTML language tags. */
export const HTML_LANG: Record<Lang, string> = { zh: 'zh-CN', en: 'en' }

const TEXTS: Record<Lang, () => Promise<object>> = {
  zh: async () => (await import('./zh')).zh,
  en: async () => (await import('./en')).en,
}

void i18next.use(initReactI18next).init({
  lng: 'zh',
  fallbackLng: false,
  resources: {},
  interpolation: { escapeValue: false },
  returnNull: false,
})

/** Loads the texts of a language. **Rejects** when they cannot be loaded. */
export async function loadTexts(lang: Lang): Promise<void> {
  if (!i18next.hasResourceBundle(lang, 'translation')) i18next.addResourceBundle(lang, 'translation', await TEXTS[lang]())
}

export default i18next
