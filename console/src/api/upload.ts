// A file on its way to the server. fetch cannot say how much of a body has left; XMLHttpRequest can.
import { ApiError, failureOf, UNREACHABLE } from './client'
import type { Upload } from './types'

export type Sent = { bytes: number; total: number }

/** Sends a file; `onSent` hears how much has left. Aborting rejects with an `AbortError`. */
export function sendFile(file: File, onSent: (sent: Sent) => void, signal: AbortSignal): Promise<Upload> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    const abort = () => request.abort()
    const done = (end: () => void) => () => {
      signal.removeEventListener('abort', abort)
      end()
    }
    request.open('POST', '/api/v1/uploads')
    request.setRequestHeader('X-Zhike-Request', '1')
    request.responseType = 'text'
    request.upload.addEventListener('progress', (event) => {
      // The form around the file adds a few bytes.
      if (event.lengthComputable) onSent({ bytes: Math.min(file.size, event.loaded), total: file.size })
    })
    request.upload.addEventListener('load', () => onSent({ bytes: file.size, total: file.size }))
    request.addEventListener(
      'load',
      done(() => {
        const body = parse(request.responseText)
        if (request.status === 200 && body !== undefined) resolve(body as Upload)
        else reject(failureOf(request.status, body, (name) => request.getResponseHeader(name)))
      }),
    )
    request.addEventListener('error', done(() => reject(new ApiError(0, UNREACHABLE, ''))))
    request.addEventListener('abort', done(() => reject(new DOMException('the upload was cancelled', 'AbortError'))))
    signal.addEventListener('abort', abort)
    const form = new FormData()
    form.append('file', file)
    request.send(form)
  })
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
