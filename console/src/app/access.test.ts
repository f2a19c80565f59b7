import { describe, expect, it, vi } from 'vitest'
import type { Session } from '../api/accounts'
import { failureOf, onNotSignedIn } from '../api/client'
import { clock, endingOf } from './idle'
import { GROUPS, groupsFor, homeOf } from './places'
import { isAllowed } from './session'
import { wantedPath } from './wanted'

const session = (roles: string[], permissions: string[]): Session => ({
  user: { user_id: 'usr_1', name: 'lin', display_name: '', roles, has_totp: false, must_change_password: false, provinces: [], stores: [] },
  permissions,
  idle_seconds: 1800,
  expires_at: '2026-11-21T12:00:00Z',
})
const paths = (of: Session | null) => groupsFor(of).flatMap((group) => group.places.map((place) => place.to))

describe('where one wanted to go', () => {
  it('is a path of the console', () => {
    expect(wantedPath('/customers?tier=core&page=2#x')).toBe('/customers?tier=core&page=2#x')
    expect(wantedPath('/data/../insight/rfm')).toBe('/insight/rfm')
  })

  it('is nowhere else', () => {
    for (const elsewhere of [undefined, '', '/', 'https://evil.example', '//evil.example', '/\\evil.example', '/\t/evil.example', 'javascript:alert(1)', '/..//evil.example', '/api/v1/setup', '/v1/track', '/b/abc', '/sign-in?to=/', '/setup']) {
      expect([elsewhere, wantedPath(elsewhere)]).toEqual([elsewhere, undefined])
    }
  })
})

describe('a session', () => {
  const seen = Date.parse('2026-11-21T10:00:00Z')
  const of = session([], [])

  it('ends after its idle time, with a warning before', () => {
    expect(endingOf(seen, seen, of)).toMatchObject({ state: 'on', left_ms: 1_800_000, isFinal: false })
    expect(endingOf(seen + 1_679_000, seen, of).state).toBe('on')
    expect(endingOf(seen + 1_680_000, seen, of)).toMatchObject({ state: 'ending', left_ms: 120_000 })
    expect(endingOf(seen + 1_800_000, seen, of).state).toBe('over')
    // A computer that slept wakes up after the end.
    expect(endingOf(seen + 80_000_000, seen, of)).toMatchObject({ state: 'over', left_ms: 0 })
  })

  it('ends at its longest time whoever is there', () => {
    const late = Date.parse('2026-11-21T11:59:00Z')
    expect(endingOf(late, late, of)).toMatchObject({ state: 'ending', left_ms: 60_000, isFinal: true })
  })

  it('counts down', () => {
    expect([120_000, 65_000, 1, 0].map(clock)).toEqual(['2:00', '1:05', '0:01', '0:00'])
  })

  it('is heard to be over whoever asked', () => {
    const heard = vi.fn()
    const stop = onNotSignedIn(heard)
    failureOf(401, { error: { code: 'wrong_credentials', message: '' } }, () => null)
    expect(heard).not.toHaveBeenCalled()
    failureOf(401, { error: { code: 'not_signed_in', message: '' } }, () => null)
    expect(heard).toHaveBeenCalledTimes(1)
    stop()
    failureOf(401, { error: { code: 'not_signed_in', message: '' } }, () => null)
    expect(heard).toHaveBeenCalledTimes(1)
    expect(failureOf(429, { error: { code: 'locked_out', message: '' } }, (name) => (name === 'retry-after' ? '900' : null)).retryAfterS).toBe(900)
    expect(failureOf(500, { error: { code: 'internal', message: '' } }, () => null).retryAfterS).toBeUndefined()
  })
})

describe('the menu', () => {
  it('holds what is allowed, and no empty group', () => {
    const service = session(['service'], ['profiles.read', 'profiles.unmask', 'tags.read', 'bindings.manage'])
    expect(paths(service)).toEqual(['/customers', '/customers/tags', '/data/bind'])
    expect(groupsFor(service).map((group) => group.name)).toEqual(['customers', 'data'])
    expect(paths(null)).toEqual([])
    const analyst = session(['analyst'], ['account.own', 'exports.make'])
    expect(paths(analyst)).toEqual([])
    expect(groupsFor(analyst, true).flatMap((group) => group.places.map((place) => place.to))).toEqual(['/governance/approvals'])
    expect(paths(session(['security_admin'], ['account.own', 'approvals.decide']))).toEqual(['/governance/approvals'])
    expect(paths(session(['admin'], ['approvals.decide', ...GROUPS.flatMap((group) => group.places.map((place) => place.needs))]))).toHaveLength(GROUPS.flatMap((group) => group.places).length)
  })

  it('begins where the role works, of what is allowed', () => {
    expect(homeOf(session(['operator'], ['figures.read']))).toBe('/')
    expect(homeOf(session(['analyst'], ['figures.read']))).toBe('/insight/kpis')
    expect(homeOf(session(['service'], ['profiles.read']))).toBe('/customers')
    expect(homeOf(session(['security_admin'], ['users.read']))).toBe('/governance/roles')
    expect(homeOf(session(['admin'], ['users.read']))).toBe('/governance/users')
    expect(homeOf(session(['somebody'], []))).toBe('/account')
  })

  it('allows nothing to nobody', () => {
    expect(isAllowed(null, 'profiles.read')).toBe(false)
    expect(isAllowed(undefined, 'profiles.read')).toBe(false)
    expect(isAllowed(session([], ['profiles.list']), 'profiles.read')).toBe(false)
  })
})
