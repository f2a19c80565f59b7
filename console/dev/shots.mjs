// Pictures of every page, to be looked at: three widths, two languages, two appearances. Also reports console errors and
// violations of the content security policy.
// Usage: npm run fixture &  npm run shots [-- name-part]
import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { chromium } from '@playwright/test'

const BASE = process.env.ZHIKE_URL ?? 'http://127.0.0.1:7701'
const OUT = fileURLToPath(new URL('../e2e/shots/', import.meta.url))
const ARGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync']
const WIDTHS = [1280, 1920, 390]
mkdirSync(OUT, { recursive: true })

const only = process.argv[2]
const people = await (await fetch(`${BASE}/api/v1/profiles?limit=2`)).json()
const id = people.items[0]?.profile_id
const PAGES = {
  overview: { path: '/' },
  overview_table: { path: '/?view=table&range=last7d&compare=year' },
  overview_custom: { path: '/?range=custom&from=2026-10-01&to=2026-10-31' },
  overview_error: { path: '/', fail: '**/api/v1/overview*' },
  overview_empty: { path: '/', empty: true },
  customers: { path: '/customers' },
  customers_none: { path: '/customers', none: true },
  customers_found: { path: '/customers', act: async (page) => { await page.locator('.zk-finder-value').fill('13812345678'); await page.locator('.zk-finder button').first().click(); await page.waitForTimeout(400) } },
  customers_behind: { path: '/customers?behind=new_customers&from=2026-10-23&to=2026-11-21' },
  preview: { path: '/customers', act: async (page) => { await page.locator('.zk-peek').nth(1).click(); await page.waitForTimeout(600) } },
  columns: { path: '/customers', act: async (page) => { await page.locator('.zk-chooser button').first().click(); await page.waitForTimeout(200) } },
  keys: { path: '/customers', act: async (page) => { await page.keyboard.press('?'); await page.waitForTimeout(400) } },
  profile: { path: `/customers/${id}`, act: async (page) => { await page.locator('.zk-order-head').nth(1).click(); await page.waitForTimeout(300) } },
  imports: { path: '/data/imports' },
  new: { path: '/data/imports/new' },
  mapping: { path: '/data/imports/new?upload=upl_1&entity=order_lines' },
  report: { path: '/data/imports/7' },
  failed: { path: '/data/imports/4' },
  repair: { path: '/data/imports/7', act: async (page) => { await page.locator('tbody .ant-btn').first().click(); await page.locator('.zk-reveal input').fill('核对订单时间'); await page.locator('.zk-reveal button').click(); await page.waitForTimeout(400) } },
  command: { path: '/customers', act: async (page) => { await page.keyboard.press('Control+k'); await page.locator('.zk-command-input').fill('13812345678'); await page.waitForTimeout(200) } },
  missing: { path: '/nowhere' },
}

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ARGS })
for (const width of WIDTHS) {
  for (const [lang, scheme] of [['zh', 'light'], ['zh', 'dark'], ['en', 'light'], ['en', 'dark']]) {
    const context = await browser.newContext({ viewport: { width, height: width === 390 ? 844 : 900 }, reducedMotion: 'reduce', timezoneId: 'Asia/Shanghai' })
    await context.addInitScript(([l, s]) => {
      localStorage.setItem('zhike.lang', l)
      localStorage.setItem('zhike.scheme', s)
    }, [lang, scheme])
    for (const [name, { path, act, fail, empty, none }] of Object.entries(PAGES)) {
      if (only && !`${name}-${width}-${lang}-${scheme}`.match(only)) continue
      const page = await context.newPage()
      page.on('console', (message) => {
        if (message.type() === 'error' || message.type() === 'warning') process.stdout.write(`${name} ${width}: ${message.text().slice(0, 300)}\n`)
      })
      page.on('pageerror', (error) => process.stdout.write(`${name} ${width}: ${error.message}\n`))
      if (fail) await page.route(fail, (route) => route.fulfill({ status: 503, json: { error: { code: 'unavailable', message: 'The store is being compacted.', message_zh: '正在整理数据，请稍候。', request_id: 'req_1f9a' } } }))
      if (empty) await page.route('**/api/v1/workspace', (route) => route.fulfill({ json: { name: '新工作区', currency: 'CNY', zone: 'Asia/Shanghai', version: '0.1.0', data_from: null, data_to: null, as_of: null, refreshed_at: null, n_profiles: 0, n_orders: 0 } }))
      if (none) await page.route('**/api/v1/profiles*', (route) => route.fulfill({ json: { items: [], next: null, total: 0 } }))
      await page.goto(BASE + path)
      await page.locator('h1').first().waitFor()
      await page.waitForLoadState('networkidle')
      await page.waitForTimeout(fail ? 2600 : 500)
      if (act) await act(page)
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
      if (wide > 0) process.stdout.write(`${name} ${width} ${lang}: page is ${wide}px too wide\n`)
      await page.screenshot({ path: `${OUT}${name}-${width}-${lang}-${scheme}.png`, fullPage: !act || name === 'profile' || name === 'customers_found' })
      await page.close()
    }
    await context.close()
  }
}
await browser.close()
