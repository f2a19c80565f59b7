import { afterEach, describe, expect, it, vi } from 'vitest'
import { ApiError, UNREACHABLE, unwrap } from './client'
import { searchProfiles } from './queries'

const answer = (status: number, body: unknown) => new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json' } })

afterEach(() => vi.restoreAllMocks())

describe('requests', () => {
  it('carry the guard header, and personal values in the body only', async () => {
    const fetch = vi.spyOn(globalThis, 'fetch').mockResolvedValue(answer(200, { items: [] }))
    await searchProfiles('13812345678', 'phone')
    const request = fetch.mock.calls[0]?.[0] as Request
    expect(request.headers.get('x-zhike-request')).toBe('1')
    expect(request.url).not.toContain('138')
    expect(await request.json()).toEqual({ value: '13812345678', kind: 'phone' })
  })

  it('fail with code, words in both languages and the request id', async () => {
    vi.spyOn(globalThis, 'fetch').mockResolvedValue(answer(429, { error: { code: 'rate_limited', message: 'Slow down.', message_zh: '请稍候。', request_id: 'req_9' } }))
    const error = await searchProfiles('x', undefined).catch((failure: unknown) => failure)
    expect(error).toBeInstanceOf(ApiError)
    expect(error).toMatchObject({ code: 'rate_limited', status: 429, requestId: 'req_9', isRetryable: true })
    expect((error as ApiError).text('zh')).toBe('请稍候。')
  })

  it('tell a dead server from an answer', async () => {
    await expect(unwrap(Promise.reject(new TypeError('failed to fetch')))).rejects.toMatchObject({ code: UNREACHABLE, status: 0 })
    await expect(unwrap(Promise.resolve({ response: new Response('<html>', { status: 502 }), error: 'x' }))).rejects.toMatchObject({ code: 'unreadable', status: 502 })
  })
})
