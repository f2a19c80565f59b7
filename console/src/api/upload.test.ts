import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { sendFile, type Sent } from './upload'

/** A request whose steps the test takes. */
class FakeRequest extends EventTarget {
  static last: FakeRequest
  upload = new EventTarget()
  headers: Record<string, string> = {}
  status = 0
  responseText = ''
  responseType = ''
  body: FormData | undefined
  constructor() {
    super()
    FakeRequest.last = this
  }
  open() { /* nothing to open */ }
  setRequestHeader(name: string, value: string) {
    this.headers[name] = value
  }
  getResponseHeader() {
    return 'req_1'
  }
  send(body: FormData) {
    this.body = body
  }
  abort() {
    this.dispatchEvent(new Event('abort'))
  }
  leaves(loaded: number, total: number) {
    this.upload.dispatchEvent(new ProgressEvent('progress', { lengthComputable: true, loaded, total }))
  }
  answers(status: number, body: string) {
    this.status = status
    this.responseText = body
    this.dispatchEvent(new Event('load'))
  }
}

const file = new File(['abcdefghij'], 'a.csv')
beforeEach(() => vi.stubGlobal('XMLHttpRequest', FakeRequest))
afterEach(() => vi.unstubAllGlobals())

describe('a file on its way', () => {
  it('says how much has left and gives the answer', async () => {
    const sent: Sent[] = []
    const answer = sendFile(file, (now) => sent.push(now), new AbortController().signal)
    const request = FakeRequest.last
    expect(request.headers['X-Zhike-Request']).toBe('1')
    expect(request.body?.get('file')).toBeInstanceOf(File)
    request.leaves(4, 210)
    request.leaves(205, 210)
    request.upload.dispatchEvent(new Event('load'))
    request.answers(200, '{"upload_id":"upl_1"}')
    expect(await answer).toEqual({ upload_id: 'upl_1' })
    expect(sent.map((each) => each.bytes)).toEqual([4, 10, 10])
    expect(sent[0]?.total).toBe(10)
  })

  it('is cancelled', async () => {
    const controller = new AbortController()
    const answer = sendFile(file, () => undefined, controller.signal)
    controller.abort()
    await expect(answer).rejects.toMatchObject({ name: 'AbortError' })
  })

  it('fails with what the server said, or that it said nothing', async () => {
    const refused = sendFile(file, () => undefined, new AbortController().signal)
    FakeRequest.last.answers(422, '{"error":{"code":"unreadable_file","message":"a.csv: no","message_zh":"读不了","request_id":"req_2"}}')
    await expect(refused).rejects.toMatchObject({ code: 'unreadable_file', status: 422, messageZh: '读不了', requestId: 'req_2' })
    const strange = sendFile(file, () => undefined, new AbortController().signal)
    FakeRequest.last.answers(502, '<html>')
    await expect(strange).rejects.toMatchObject({ code: 'unreadable', requestId: 'req_1' })
    const lost = sendFile(file, () => undefined, new AbortController().signal)
    FakeRequest.last.dispatchEvent(new Event('error'))
    await expect(lost).rejects.toMatchObject({ code: 'unreachable', status: 0 })
  })
})
