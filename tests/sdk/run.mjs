// Unmodified SDKs, told host and key only, against the real binary: what they send must be found in the tables.
//   node run.mjs BINARY CHROMIUM PYTHON [NAME…]
import { spawn, spawnSync } from 'node:child_process'
import { createServer } from 'node:http'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, extname, join, normalize, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const [binary, chromiumPath, pythonPath, ...only] = process.argv.slice(2)
const python = resolve(pythonPath)
const playwright = createRequire(join(here, '../../console/package.json'))('playwright-core')

/** What each SDK sends, and what must be found of it: events by name, its order, and whom they are about. */
const all = [
  { name: 'segment-node', sdk: '@segment/analytics-node', run: node('segment.mjs'), events: { 签到: 1, 'Order Completed': 1 }, total: 99.9 },
  { name: 'rudder-node', sdk: '@rudderstack/rudder-sdk-node', run: node('rudderstack.mjs'), events: { 签到: 1, 'Order Completed': 1 }, total: 88.8 },
  { name: 'sensors-node', sdk: 'sa-sdk-node', run: node('sensors.mjs'), events: { $SignUp: 1, SignIn: 1, order_completed: 1 }, total: 77.7 },
  { name: 'sensors-mini', sdk: 'sa-sdk-miniprogram (wx shimmed)', run: node('miniprogram.mjs'), events: { $MPShow: 1, 签到: 1, 'Order Completed': 1 }, total: 66.6 },
  { name: 'segment-python', sdk: 'segment-analytics-python', run: py('send_segment.py'), events: { 签到: 1, 'Order Completed': 1 }, total: 55.5 },
  { name: 'rudder-python', sdk: 'rudder-sdk-python', run: py('send_rudderstack.py'), events: { 签到: 1, 'Order Completed': 1 }, total: 44.4 },
  { name: 'sensors-python', sdk: 'SensorsAnalyticsSDK', run: py('send_sensors.py'), events: { $SignUp: 1, SignIn: 1, order_completed: 1, IdSignIn: 1, NeverStored: 0 }, total: 33.3 },
  { name: 'segment-browser', sdk: '@segment/analytics-next', run: page('segment.html'), events: { 签到: 1, 'Order Completed': 1 }, total: 22.2 },
  { name: 'rudder-browser', sdk: '@rudderstack/analytics-js', run: page('rudderstack.html'), events: { 签到: 1, 'Order Completed': 1 }, total: 11.1 },
  ...['image', 'ajax', 'beacon', 'batch'].map((send) => ({
    name: `sensors-${send}`,
    sdk: `sa-sdk-javascript (${send})`,
    run: page('sensors.html', { send }),
    events: { $pageview: 1, $SignUp: 1, 签到: 1, 'Order Completed': 1 },
    total: 9.9,
  })),
]
const cases = all.filter((each) => only.length === 0 || only.includes(each.name))

function node(file) {
  return (url, key) => command(process.execPath, [join(here, 'node', file), url, key])
}

function py(file) {
  return (url, key) => command(python, [join(here, 'python', file), url, key])
}

/** Opens a page of another origin in a browser, as a shop's page would be. */
function page(file, query = {}) {
  return async (url, key, { browser, site }) => {
    const context = await browser.newContext()
    const tab = await context.newPage()
    const problems = []
    tab.on('console', (message) => message.type() === 'error' && problems.push(message.text()))
    tab.on('pageerror', (error) => problems.push(String(error)))
    tab.on('request', (request) => {
      const to = new URL(request.url())
      if (!['127.0.0.1', 'localhost'].includes(to.hostname) && !['data:', 'blob:'].includes(to.protocol)) problems.push(`asked ${to.host}`)
    })
    await tab.goto(`${site}/browser/${file}?${new URLSearchParams({ url, key, ...query })}`)
    try {
      await tab.waitForFunction(() => document.title === 'done', undefined, { timeout: 15_000 })
    } catch {
      problems.push('the page was not done in time')
    }
    // What SDKs keep back for a while, and what they send when a page goes.
    await tab.waitForTimeout(2500)
    await tab.goto('about:blank')
    await tab.waitForTimeout(500)
    await context.close()
    return problems.join('\n')
  }
}

/** Runs a program; what it complains of, if it fails. */
function command(program, parameters) {
  return new Promise((done) => {
    const child = spawn(program, parameters, { cwd: here, timeout: 60_000 })
    let said = ''
    child.stdout.on('data', (chunk) => { said += chunk })
    child.stderr.on('data', (chunk) => { said += chunk })
    child.on('error', (error) => done(String(error)))
    child.on('close', (code) => done(code === 0 ? '' : `exit code ${code}\n${said}`))
  })
}

/** The pages and the SDKs' files, on a port of their own. */
function serveSite() {
  const types = { '.html': 'text/html', '.js': 'text/javascript', '.mjs': 'text/javascript' }
  const server = createServer(async (request, response) => {
    const path = normalize(new URL(request.url, 'http://x').pathname)
    try {
      const content = await readFile(join(here, path))
      response.writeHead(200, { 'content-type': `${types[extname(path)] ?? 'application/octet-stream'}; charset=utf-8` })
      response.end(content)
    } catch {
      response.writeHead(path === '/favicon.ico' ? 204 : 404).end()
    }
  })
  return new Promise((done) => server.listen(0, '127.0.0.1', () => done(server)))
}

async function startZhike(data) {
  const run = (...asked) => spawnSync(binary, ['--data', data, '--format', 'json', ...asked], { encoding: 'utf8' })
  run('user', 'add', 'sdk', '--role', 'admin')
  const made = run('api-key', 'add', 'sdk', '--owner', 'sdk', '--permission', 'sources.manage')
  if (made.status !== 0) throw new Error(`no key: ${made.stderr}`)
  const { key } = JSON.parse(made.stdout)
  const child = spawn(binary, ['--data', data, 'serve', '--listen', '127.0.0.1:0'], { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ZHIKE_LANG: 'en' } })
  let said = ''
  child.stderr.on('data', (chunk) => { said += chunk })
  const ended = new Promise((done) => child.on('close', done))
  const url = await new Promise((done, fail) => {
    let out = ''
    child.stdout.on('data', (chunk) => {
      out += chunk
      const found = /http:\/\/[\d.]+:\d+/.exec(out)
      if (found) done(found[0])
    })
    ended.then(() => fail(new Error(`zhike ended: ${said}`)))
  })
  return { url, key, log: () => said, stop: () => { child.kill('SIGTERM'); return ended } }
}

async function sql(data, query) {
  const child = spawn(binary, ['--data', data, '--format', 'json', 'sql', query])
  let [out, said] = ['', '']
  child.stdout.on('data', (chunk) => { out += chunk })
  child.stderr.on('data', (chunk) => { said += chunk })
  const code = await new Promise((done) => child.on('close', done))
  if (code !== 0) throw new Error(`${query}: ${said}`)
  return JSON.parse(out)
}

const data = await mkdtemp(join(tmpdir(), 'zhike-sdk-'))
const site = await serveSite()
const zhike = await startZhike(data)
const hasPages = cases.some((each) => each.name.endsWith('browser') || each.sdk.startsWith('sa-sdk-javascript'))
const browser = hasPages
  ? await playwright.chromium.launch({
      executablePath: chromiumPath,
      args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
    })
  : undefined
const failures = []
try {
  const world = { browser, site: `http://localhost:${site.address().port}` }
  for (const each of cases) {
    const response = await fetch(`${zhike.url}/api/v1/sources`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${zhike.key}` },
      body: JSON.stringify({ name: each.name, ...(each.run.length === 3 ? { allowed_origins: [world.site] } : {}) }),
    })
    if (!response.ok) throw new Error(`no source ${each.name}: ${await response.text()}`)
    each.key = (await response.json()).write_key
  }
  // A few at a time: enough to overlap their waiting, little enough for a small machine.
  const waiting = [...cases]
  const worker = async () => {
    for (let each = waiting.shift(); each; each = waiting.shift()) {
      each.trouble = await each.run(zhike.url, each.key, world)
    }
  }
  await Promise.all([worker(), worker(), worker()])
  await browser?.close()
  // Stopping takes what was acknowledged into the tables.
  const code = await zhike.stop()
  if (code !== 0) failures.push(`zhike ended with ${code}`)

  const events = await sql(data, 'SELECT source, event, count(*) AS n, count(DISTINCT profile_id) AS people FROM events GROUP BY source, event')
  const orders = await sql(data, 'SELECT source, order_id, amount, profile_id FROM orders')
  const people = await sql(data, 'SELECT e.source AS source, count(DISTINCT p.profile_id) AS n FROM events e JOIN profiles p ON p.profile_id = e.profile_id GROUP BY e.source')
  for (const { name, sdk, events: wanted, total, trouble } of cases) {
    const found = Object.fromEntries(events.filter((row) => row.source === name).map((row) => [row.event, Number(row.n)]))
    const order = orders.find((row) => row.order_id === `o-${name}`)
    const n = people.find((row) => row.source === name)?.n ?? 0
    const wrong = trouble ? [trouble] : []
    for (const [event, count] of Object.entries(wanted)) {
      if ((found[event] ?? 0) !== count) wrong.push(`${event}: ${found[event] ?? 0} instead of ${count}`)
    }
    if (Number(order?.amount) !== total) wrong.push(`order o-${name}: ${JSON.stringify(order)} instead of ${total}`)
    if (!order?.profile_id) wrong.push('the order is nobody’s')
    if (Number(n) < 1) wrong.push('nobody was recognised')
    console.log(`${wrong.length === 0 ? 'ok    ' : 'FAILED'} ${sdk}: ${JSON.stringify(found)}, people ${n}, order ${order?.amount ?? 'none'}`)
    failures.push(...wrong.map((what) => `${sdk}: ${what}`))
  }
} catch (error) {
  failures.push(String(error?.stack ?? error))
} finally {
  await browser?.close().catch(() => undefined)
  await zhike.stop()
  site.close()
  if (!process.env.ZHIKE_KEEP) await rm(data, { recursive: true, force: true })
}
console.log(`${cases.length} SDKs, ${failures.length} failures`)
if (failures.length > 0) {
  console.error(failures.join('\n'))
  console.error(zhike.log().slice(-4000))
  process.exit(1)
}
