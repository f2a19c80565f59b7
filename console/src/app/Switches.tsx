// Language and appearance.
import { MoonOutlined, SunOutlined } from '@ant-design/icons'
import { useTranslation } from 'react-i18next'
import { useSettings } from './settings'

export function LanguageSwitch() {
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

export function SchemeSwitch() {
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
