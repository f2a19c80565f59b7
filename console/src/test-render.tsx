// Renders a part of a page as the app would: with texts, settings, formats and a query cache that asks no server.
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { render } from '@testing-library/react'
import { ConfigProvider } from 'antd'
import type { ReactNode } from 'react'
import { sessionQuery, type Permission, type Session } from './api/accounts'
import { workspaceQuery } from './api/queries'
import { SettingsProvider } from './app/settings'

/** `permissions`: what the reader may do. */
export function renderPart(part: ReactNode, lang: 'zh' | 'en' = 'zh', permissions: readonly Permission[] = []) {
  localStorage.setItem('zhike.lang', lang)
  const client = new QueryClient({ defaultOptions: { queries: { retry: false, staleTime: Infinity } } })
  client.setQueryData(workspaceQuery.queryKey, {
    name: 'w',
    currency: 'CNY',
    zone: 'Asia/Shanghai',
    version: '0.1.0',
    data_from: '2026-01-01',
    data_to: '2026-11-21',
    as_of: '2026-11-21',
    refreshed_at: null,
    n_profiles: 1,
    n_orders: 1, keys_disabled: false,
  })
  const session: Session = {
    user: { user_id: 'usr_1', name: 'lin', display_name: '林晓', roles: ['admin'], has_totp: false, must_change_password: false, provinces: [], stores: [] },
    permissions: [...permissions],
    idle_seconds: 1800,
    expires_at: '2099-01-01T00:00:00Z',
  }
  client.setQueryData(sessionQuery.queryKey, session)
  return render(
    <QueryClientProvider client={client}>
      <SettingsProvider>
        <ConfigProvider button={{ autoInsertSpace: false }}>{part}</ConfigProvider>
      </SettingsProvider>
    </QueryClientProvider>,
  )
}
