import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { ConfigProvider } from 'antd'
import enUS from 'antd/locale/en_US'
import zhCN from 'antd/locale/zh_CN'
import dayjs from 'dayjs'
import 'dayjs/locale/zh-cn'
import { StrictMode, useMemo } from 'react'
import { createRoot } from 'react-dom/client'
import { ApiError } from './api/client'
import { makeRouter } from './app/router'
import { SettingsProvider, storedLang, useSettings } from './app/settings'
import { antdTheme } from './app/theme'
import { loadTexts } from './i18n'
import './styles.css'

/** Stamped by the server into every answer; style tags carry it, or the browser drops them. */
const nonce = document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content ?? ''

const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 30_000,
      retry: (count, error) => count < 1 && error instanceof ApiError && error.isRetryable,
      refetchOnWindowFocus: false,
    },
  },
})

const router = makeRouter(queryClient)

function Root() {
  const { lang, scheme } = useSettings()
  const theme = useMemo(() => antdTheme(scheme), [scheme])
  dayjs.locale(lang === 'zh' ? 'zh-cn' : 'en')
  return (
    <ConfigProvider csp={{ nonce }} theme={theme} locale={lang === 'zh' ? zhCN : enUS} button={{ autoInsertSpace: false }}>

      <RouterProvider router={router} />

    </ConfigProvider>
  )
}

const container = document.getElementById('root')
if (!container) throw new Error('no root element')
await loadTexts(storedLang())
createRoot(container).render(
  <StrictMode>
    <QueryClientProvider client={queryClient}>
      <SettingsProvider>
        <Root />
      </SettingsProvider>
    </QueryClientProvider>
  </StrictMode>,
)
