// The one way to the server. Every failure becomes an ApiError that says what, which code and which request.
import createClient, { type Middleware } from 'openapi-fetch'
import type { Lang } from '../format'
import type { components, paths } from './schema'

/** One place at fault in what was sent. */
export type Problem = components['schemas']['Problem']

export class ApiError extends Error {
  readonly status: number
  readonly code: string
  readonly messageZh: string | undefined
  readonly requestId: string | undefined
  /** The places at fault; empty when the server named none. */
  readonly problems: readonly Problem[]
  /** In how many seconds to ask again, where the server said so. */
  readonly retryAfterS: number | undefined

  constructor(status: number, code: string, message: string, messageZh?: string, requestId?: string, problems: readonly Problem[] = [], retryAfterS?: number) {
    super(message)
    this.name = 'ApiError'
    this.status = status
    this.code = code
    this.messageZh = messageZh
    this.requestId = requestId
    this.problems = problems
    this.retryAfterS = retryAfterS
  }

  /** What the server said, in the reader's language; empty when it said nothing. */
  text(lang: Lang): string {
    return lang === 'zh' ? (this.messageZh ?? this.message) : this.message
  }

  /** Whether asking again may help. */
  get isRetryable(): boolean {
    return this.status === 0 || this.status >= 500 || this.status === 429
  }
}

/** No answer at all: the server is down or the network is cut. */
export const UNREACHABLE = 'unreachable'
/** An answer that is no envelope of ours. */
export const UNREADABLE = 'unreadable'
/** Nobody is signed in, or not any more. */
export const NOT_SIGNED_IN = 'not_signed_in'

const listeners = new Set<() => void>()

/** Calls `listener` whenever the server says that nobody is signed in. Gives what ends it. */
export function onNotSignedIn(listener: () => void): () => void {
  listeners.add(listener)
  return () => void listeners.delete(listener)
}

const guard: Middleware = {
  onRequest({ request }) {
    if (request.method !== 'GET') request.headers.set('X-Zhike-Request', '1')
    return request
  },
}

export const client = createClient<paths>({
  baseUrl: globalThis.location?.origin ?? '',
  credentials: 'same-origin',
  fetch: (request) => globalThis.fetch(request),
})
client.use(guard)

type Answer<T> = { data?: T; error?: unknown; response: Response }

/** Waits for an answer and gives its body, or throws an [`ApiError`]. */
export async function unwrap<T>(answer: Promise<Answer<T>>): Promise<T> {
  let got: Answer<T>
  try {
    got = await answer
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'AbortError') throw cause
    throw new ApiError(cause instanceof SyntaxError ? 500 : 0, cause instanceof SyntaxError ? UNREADABLE : UNREACHABLE, '')
  }
  // Only what has nothing to say answers 204.
  if (got.response.status === 204 || (got.data !== undefined && got.response.ok)) return got.data as T
  throw failureOf(got.response.status, got.error, (name) => got.response.headers.get(name))
}

/** The error that an answer other than success stands for. */
export function failureOf(status: number, body: unknown, header: (name: string) => string | null): ApiError {
  const envelope = (body as { error?: Partial<components['schemas']['ErrorDetail']> } | null | undefined)?.error
  if (!envelope?.code) return new ApiError(status, UNREADABLE, '', undefined, header('x-request-id') ?? undefined)
  if (envelope.code === NOT_SIGNED_IN) for (const listener of listeners) listener()
  const retryAfter = Number(header('retry-after') ?? Number.NaN)
  return new ApiError(status, envelope.code, envelope.message ?? '', envelope.message_zh, envelope.request_id ?? undefined, envelope.problems, retryAfter >= 0 ? retryAfter : undefined)
}

/** Waits for an answer without a body. */
export async function done(answer: Promise<{ error?: unknown; response: Response }>): Promise<void> {
  await unwrap(answer.then(({ response, error }) => ({ response, ...(response.ok ? { data: null } : { error }) })))
}
