import { screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { renderPart } from '../../test-render'
import { snippetsOf } from './snippets'
import { DIALECTS, shortKey, stateOf, type Source } from './source'
import { SourceList } from './SourceList'
import { SourceSnippets } from './SourceSnippets'

const NOW = Date.parse('2026-11-21T12:00:00Z')
const source: Source = {
  source_id: 'src_1',
  name: '官网',
  dialect: 'segment',
  write_key: 'wk_0123456789',
  is_enabled: true,
  health: { last_received_at: '2026-11-21T11:58:00Z', n_received_24h: 12345, n_rejected_24h: 3, rejected_by_reason: {}, lag_seconds: 2 },
}
const withHealth = (health: Partial<Source['health']>): Source => ({ ...source, health: { ...source.health, ...health } })

beforeEach(() => localStorage.clear())

describe('a source', () => {
  it('is fine, quiet, in trouble, or has never sent', () => {
    expect(stateOf(source, NOW)).toBe('ok')
    expect(stateOf(withHealth({ last_received_at: '2026-11-21T10:00:00Z' }), NOW)).toBe('quiet')
    expect(stateOf(withHealth({ n_rejected_24h: 500 }), NOW)).toBe('trouble')
    expect(stateOf(withHealth({ last_received_at: null }), NOW)).toBe('never')
  })

  it('shows no whole key in the list', () => {
    renderPart(<SourceList sources={[source]} now={NOW} onPeek={() => undefined} />)
    expect(shortKey(source.write_key)).toBe('wk_0••••89')
    expect(document.body.textContent).not.toContain(source.write_key)
    expect(screen.getByText('正常')).toBeTruthy()
    expect(screen.getByText('12,345')).toBeTruthy()
  })
})

describe('snippets', () => {
  it('name the address and the key, and no text of either leaves its quotes', () => {
    for (const dialect of DIALECTS)
      for (const snippet of snippetsOf(dialect, 'https://cdp.example.cn', 'key-1')) {
        expect(snippet.code, snippet.id).toContain('https://cdp.example.cn')
        expect(snippet.code, snippet.id).toContain('key-1')
      }
    expect(snippetsOf('segment', 'https://x', "a'); evil('")[0]?.code).toContain("'a\\'); evil(\\''")
    expect(snippetsOf('sensors', 'https://x', 'a&b=c')[0]?.code).toContain('token=a%26b%3Dc')
  })

  it('are copied, by hand where the browser refuses', async () => {
    const user = userEvent.setup()
    renderPart(<SourceSnippets source={source} origin="https://cdp.example.cn" />)
    await user.click(screen.getByRole('button', { name: '复制：安装' }))
    expect(await navigator.clipboard.readText()).toBe('npm install @segment/analytics-next')
    expect(screen.getByRole('status').textContent).toBe('已复制')
    vi.spyOn(navigator.clipboard, 'writeText').mockRejectedValueOnce(new Error('no'))
    await user.click(screen.getByRole('button', { name: '复制：安装' }))
    expect(screen.getByRole('status').textContent).toContain('手动复制')
  })
})
