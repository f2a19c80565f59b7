// What a browser waits for, page by page: node scripts/bench-pages.mjs http://127.0.0.1:7700/setup#token=…
// The address is the one that `zhike serve` prints while there is no user; an administrator is made by it.
// "first" is the first visit after the server's start, "again" the median of three more in new browser contexts; both end
// with the last byte of the last answer of the API that the page asks for.
import { randomBytes } from 'node:crypto'
import { createRequire } from 'node:module'

const { chromium } = createRequire(new URL('../console/package.json', import.meta.url))('@playwright/test')
const setup = new URL(process.argv[2] ?? 'http://127.0.0.1:7700')
const base = setup.origin

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
})

const entry = await browser.newContext({ baseURL: base, extraHTTPHeaders: { 'x-zhike-request': '1' } })
const password = `Aa1-${randomBytes(16).toString('hex')}`
const made = await entry.request.post('/api/v1/setup', { data: { token: setup.hash.replace('#token=', ''), name: 'bench', password } })
if (!made.ok()) throw new Error(`cannot sign in: ${await made.text()}`)
const storageState = await entry.storageState()

/** Milliseconds from the start of the navigation to the last answer of the API. */
async function visit(path) {
  const context = await browser.newContext({ baseURL: base, storageState, viewport: { width: 1280, height: 900 }, locale: 'zh-CN' })
  const page = await context.newPage()
  page.setDefaultTimeout(180_000)
  await page.goto(path)
  await page.locator('h1').waitFor()
  await page.waitForLoadState('networkidle')
  const ms = await page.evaluate(() => Math.max(...performance.getEntriesByType('resource').filter((entry) => entry.name.includes('/api/')).map((entry) => entry.responseEnd)))
  await context.close()
  return Math.round(ms)
}

const median = (list) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)]

const { items } = await (await entry.request.get('/api/v1/profiles?limit=50')).json()
const person = `/customers/${items[items.length - 1].profile_id}`
const measure = { measure: { of: 'orders', window: { last: 90, unit: 'day' } }, op: 'ge', value: 3 }
const rule = encodeURIComponent(JSON.stringify({ all: [{ score: 'rfm.tier', op: 'eq', value: 'core' }, measure] }))
const pages = ['/', '/customers', '/customers?tier=core', '/customers?sort=last_order', `/customers?rule=${rule}`, person, `${person}?tab=timeline`, `${person}?tab=tags`, '/customers/segments', `/customers/segments/new?rule=${rule}`, '/customers/tags', '/insight/kpis', '/insight/kpis/net_sales?by=month', '/insight/rfm', '/insight/migration', '/data/quality']
console.log('page | first, ms | again, ms')
for (const path of pages) {
  const first = await visit(path)
  const again = median([await visit(path), await visit(path), await visit(path)])
  console.log(`${decodeURIComponent(path).slice(0, 60)} | ${first} | ${again}`)
}
await browser.close()
