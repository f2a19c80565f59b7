// A stand-in for the server while pages are built: serves dist with the same content security policy, and made-up data.
// Usage: npm run build && npm run fixture   (PORT, default 7701; FIXTURE_OPEN=1: everybody is signed in)
import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { extname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { account } from './accounts.mjs'
import * as made from './fixtures.mjs'

const DIST = fileURLToPath(new URL('../dist', import.meta.url))
const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.json': 'application/json' }
const ROWS_PER_SECOND = 620_000
const jobs = new Map()

function startJob(kind, seconds, report, batchId) {
  const job_id = `job_${jobs.size + 1}`
  jobs.set(job_id, { kind, began: Date.now(), seconds, report, batchId })
  return { job_id }
}

function jobState(job_id) {
  const job = jobs.get(job_id)
  if (!job) return undefined
  const share = Math.min(1, (Date.now() - job.began) / 1000 / job.seconds)
  const isOver = share >= 1
  return {
    job_id,
    state: isOver ? 'done' : 'running',
    stage: isOver ? 'done' : share < 0.5 ? 'reading' : 'storing',
    rows_done: Math.round(job.report.rows_read * share),
    rows_total: job.report.rows_read,
    rows_per_second: ROWS_PER_SECOND,
    sheets_left: [],
    batch_id: isOver ? job.batchId : null,
    report: isOver ? job.report : null,
    error: null,
  }
}

/** What the last upload would come to: one row twice, one row with an impossible day. */
let uploaded = { file_name: made.upload.file_name, n_rows: 1204 }
const loads = new Map()

function uploadReport() {
  const n = uploaded.n_rows
  return { ...made.report, rows_read: n, rows_loaded: n - 3, rows_duplicate: 1, rows_quarantined: 2, reasons: { unreadable_time: 2 } }
}

function load(body) {
  const report = { ...uploadReport(), mapping: body.mapping }
  if (body.dry_run) return startJob('try', 1.2, report, null)
  const batch_id = String(10 + loads.size)
  const now = new Date().toISOString()
  const batch = { ...made.imports[0], batch_id, file_name: uploaded.file_name, quality: report.quality.score, started_at: now, finished_at: now }
  for (const key of ['rows_read', 'rows_loaded', 'rows_duplicate', 'rows_quarantined']) batch[key] = report[key]
  loads.set(batch_id, { report, rows: made.quarantined.slice(0, 2).map((row) => ({ ...row, status: 'open' })) })
  made.imports.unshift(batch)
  return startJob('load', 2, report, batch_id)
}

/** An answer for a request, or undefined when there is no such thing. */
function answer(method, path, query, body) {
  const [, first, second, third, fourth, fifth] = path.split('/').map(decodeURIComponent).slice(2)
  if (method === 'GET') {
    if (first === 'workspace') return made.workspace
    if (first === 'overview') return made.overview(query.from, query.to, query.compare)
    if (first === 'profiles' && second === 'columns') return { items: [] }
    if (first === 'views') return { items: [] }
    if (first === 'profiles' && third === 'orders') return made.orders(second, query)
    if (first === 'profiles') return made.profile(second)
    if (first === 'imports' && !second) return { items: made.imports, next: null }
    if (first === 'imports' && third === 'quarantine') {
      const all = loads.get(second)?.rows ?? made.quarantined
      const items = all.filter((row) => !query.status || row.status === query.status)
      const counts = {}
      for (const row of all) counts[row.reason_code] = (counts[row.reason_code] ?? 0) + 1
      return { items, next: null, counts }
    }
    if (first === 'imports') {
      const batch = made.imports.find((each) => each.batch_id === second)
      return batch && { batch, report: loads.get(second)?.report ?? { ...made.report, rows_read: batch.rows_read, rows_loaded: batch.rows_loaded, rows_duplicate: batch.rows_duplicate, rows_quarantined: batch.rows_quarantined } }
    }
    if (first === 'jobs') return jobState(second)
    return undefined
  }
  if (first === 'profiles' && second === 'query') return made.profiles({ ...body, ...body.filter })
  if (first === 'profiles' && second === 'search') return made.search(body.value)
  if (first === 'uploads') return { ...made.upload, file_name: uploaded.file_name, entity: body?.entity ?? made.upload.entity, mapping: { ...made.mapping, entity: body?.entity ?? made.upload.entity } }
  if (first === 'imports' && !second) return load(body)
  if (fifth === 'reveal') return made.revealed
  if (third === 'replay') {
    const open = (loads.get(second)?.rows ?? made.quarantined).filter((row) => row.status === 'open' && (body.rows?.some((each) => each.row_no === row.row_no) ?? true))
    for (const row of open) row.status = 'replayed'
    const n = open.length
    return startJob('replay', 0.8, { ...made.report, rows_read: n, rows_loaded: n, rows_duplicate: 0, rows_quarantined: 0 }, second)
  }
  void fourth
  return undefined
}

function readForm(text) {
  const name = /filename="([^"]*)"/.exec(text)?.[1] ?? ''
  const content = text.slice(text.indexOf('\r\n\r\n') + 4, text.lastIndexOf('\r\n--'))
  return { file_name: Buffer.from(name, 'latin1').toString(), n_rows: content.trim().split('\n').length - 1 }
}

async function file(path) {
  const full = normalize(join(DIST, path))
  if (!full.startsWith(DIST) || path === '/') return undefined
  return readFile(full).catch(() => undefined)
}

const failure = (code, message, message_zh) => ({ error: { code, message, message_zh, request_id: `req_${randomBytes(4).toString('hex')}` } })

createServer(async (request, response) => {
  const url = new URL(request.url ?? '/', 'http://localhost')
  const chunks = []
  for await (const chunk of request) chunks.push(chunk)
  const nonce = randomBytes(16).toString('base64')
  response.setHeader(
    'content-security-policy',
    `default-src 'none'; script-src 'self' 'nonce-${nonce}'; style-src 'self' 'nonce-${nonce}'; img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'`,
  )
  if (url.pathname.startsWith('/api/')) {
    response.setHeader('content-type', 'application/json')
    const isForm = request.headers['content-type']?.startsWith('multipart/')
    if (isForm) uploaded = readForm(Buffer.concat(chunks).toString('latin1'))
    const body = chunks.length > 0 && !isForm ? JSON.parse(Buffer.concat(chunks).toString()) : undefined
    if (request.method !== 'GET' && request.headers['x-zhike-request'] !== '1') {
      response.writeHead(403).end(JSON.stringify(failure('csrf', 'The header X-Zhike-Request is missing.', '缺少请求头 X-Zhike-Request。')))
      return
    }
    const told = account(request.method, url.pathname, body, request.headers.cookie)
    if (told) {
      response.writeHead(told.status, told.headers ?? {}).end(told.body && JSON.stringify(told.body))
      return
    }
    const found = answer(request.method, url.pathname, Object.fromEntries(url.searchParams), body)
    if (found) response.writeHead(found.job_id && !found.state ? 202 : 200).end(JSON.stringify(found))
    else response.writeHead(404).end(JSON.stringify(failure('not_found', 'There is no such thing.', '找不到这个对象。')))
    return
  }
  const found = await file(url.pathname)
  if (found) {
    response.writeHead(200, { 'content-type': TYPES[extname(url.pathname)] ?? 'application/octet-stream' }).end(found)
    return
  }
  const page = await readFile(join(DIST, 'index.html'), 'utf8')
  response.writeHead(200, { 'content-type': TYPES['.html'] }).end(page.replaceAll('__CSP_NONCE__', nonce))
}).listen(Number(process.env.PORT ?? 7701), '127.0.0.1', function () {
  process.stdout.write(`http://127.0.0.1:${this.address().port}\n`)
})
