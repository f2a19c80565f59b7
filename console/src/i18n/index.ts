// Texts of the console. Keys are checked by the compiler; both languages hold the same set (checked by a test).
import i18next from 'i18next'
import { initReactI18next } from 'react-i18next'
import type { Lang } from '../format'
import { en } from './en'
import { zh } from './zh'

declare module 'i18next' {
  interface CustomTypeOptions {
    defaultNS: 'translation'
    resources: { translation: typeof zh }
    returnNull: false
  }
}

/** HTML language tags. */
export const HTML_LANG: Record<Lang, string> = { zh: 'zh-CN', en: 'en' }

void i18next.use(initReactI18next).init({
  lng: 'zh',
  fallbackLng: false,
  resources: { zh: { translation: zh }, en: { translation: en } },
  interpolation: { escapeValue: false },
  returnNull: false,
})

export default i18next
