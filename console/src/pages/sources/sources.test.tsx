import { screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { Source } from '../../api/types'
import { renderPart } from '../../test-render'
import { snippetsOf } from './snippets'
import { linesOf } from './NewSource'
import { DIALECTS, shortKey, stateOf } from './source'
import { SourceList } from './SourceList'
import { SourceSnippets } from './SourceSnippets'

const NOW = Date.parse('2026-11-21T12:00:00Z')
const source: Source = {
  source_id: '1',
  name: '官网',
  write_key: 'wk_0123456789',
  allowed_origins: [],
  allowed_kinds: [],
  settings: {},
  plan: {},
  commerce: {},
  created_at: '2026-11-01T00:00:00Z',
  is_enabled: true,
  health: { last_received_at: '2026-11-21T11:58:00Z', n_received_24h: 12345, n_rejected_24h: 3, n_violations_24h: 0, rejected_by_reason: {}, lag_seconds: 2, n_last_hour: 510, usual: { middle: 500, low: 350, high: 720 }, alert: null },
}
const withHealth = (health: Partial<Source['health']>): Source => ({ ...source, health: { ...source.health, ...health } })

beforeEach(() => localStorage.clear())

describe('a source', () => {
  it('is fine, quiet, unusual, in trouble, or has never sent', () => {
    expect(stateOf(source, NOW)).toBe('ok')
    expect(stateOf(withHealth({ last_received_at: '2026-11-21T10:00:00Z' }), NOW)).toBe('quiet')
    expect(stateOf(withHealth({ alert: 'volume' }), NOW)).toBe('unusual')
    expect(stateOf(withHealth({ alert: 'silent' }), NOW)).toBe('quiet')
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

it('reads origins one a line', () => {
  expect(linesOf(' https://a.cn \n\nhttps://b.cn, https://c.cn')).toEqual(['https://a.cn', 'https://b.cn', 'https://c.cn'])
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

  it('say what changes where an SDK is in use already', () => {
    for (const dialect of ['segment', 'rudderstack', 'sensors'] as const)
      for (const snippet of snippetsOf(dialect, 'https://cdp.example.cn', 'key-1')) {
        expect(snippet.switch, snippet.id).toContain('key-1')
        expect(snippet.switch?.split('\n').length, snippet.id).toBeLessThanOrEqual(4)
      }
    expect(snippetsOf('plain', "https://x'; rm -rf", 'k')[0]?.code).toContain("'https://x'\\''; rm -rf/v1/events'")
  })

  it('are copied, by hand where the browser refuses', async () => {
    const user = userEvent.setup()
    renderPart(<SourceSnippets writeKey={source.write_key} origin="https://cdp.example.cn" />)
    await user.click(screen.getByRole('button', { name: '复制：安装' }))
    expect(await navigator.clipboard.readText()).toBe('npm install @segment/analytics-next')
    expect(screen.getByRole('status').textContent).toBe('已复制')
    vi.spyOn(navigator.clipboard, 'writeText').mockRejectedValueOnce(new Error('no'))
    await user.click(screen.getByRole('button', { name: '复制：安装' }))
    expect(screen.getByRole('status').textContent).toContain('手动复制')
  })
})
