import { screen } from '@testing-library/react'
import { describe, expect, it } from 'vitest'
import type { Binding } from '../../api/types'
import { renderPart } from '../../test-render'
import { BindList } from './BindList'
import { isScannable, remaining } from './binding'

const NOW = Date.parse('2026-11-21T12:00:00Z')
const binding: Binding = {
  binding_id: 'bnd_1',
  kind: 'store',
  state: 'waiting',
  source: '小程序',
  profile_id: null,
  store_id: 'SH-001',
  campaign_id: null,
  place: 'A3',
  redirect_url: null,
  max_uses: 100_000,
  n_uses: 1_234,
  n_bound: 1_234,
  created_at: '2026-11-21T11:00:00Z',
  created_by: 'owner',
  expires_at: '2026-11-21T12:10:00Z',
  revoked_at: null,
  used_at: null,
  bound_at: null,
}

describe('a code', () => {
  it('says what is left of it', () => {
    expect(remaining('2026-11-21T12:09:05Z', NOW)).toBe('9:05')
    expect(remaining('2026-11-21T15:09:05Z', NOW)).toBe('3:09:05')
    expect(remaining('2027-02-19T12:00:00Z', NOW)).toBe('90 d')
    expect(remaining('2026-11-21T11:00:00Z', NOW)).toBe('0:00')
  })

  it('can be scanned until it is over, used up or withdrawn', () => {
    expect(isScannable(binding, NOW)).toBe(true)
    expect(isScannable({ ...binding, expires_at: '2026-11-21T12:00:00Z' }, NOW)).toBe(false)
    expect(isScannable({ ...binding, max_uses: 1_234 }, NOW)).toBe(false)
    expect(isScannable({ ...binding, revoked_at: '2026-11-21T11:30:00Z' }, NOW)).toBe(false)
  })

  it('stands in the list with its state in words', () => {
    renderPart(<BindList bindings={[binding, { ...binding, binding_id: 'bnd_2', state: 'bound' }]} peeked={undefined} onPeek={() => undefined} />)
    expect(screen.getByText('等待扫码')).toBeTruthy()
    expect(screen.getByText('已绑定')).toBeTruthy()
    expect(screen.getAllByText('1,234 / 100,000')).toHaveLength(2)
  })
})
