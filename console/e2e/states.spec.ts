// What stands where content is not: no answer, nothing there, nobody.
import { expect, open, test } from './console'

test.describe('errors', () => {
  test.use({ allowed: [/Failed to load resource|ApiError/] })

  test('a server that does not answer fails one card, and the page recovers', async ({ page }) => {
    await page.route('**/api/v1/imports*', (route) => route.abort())
    await open(page, '/data/imports')
    await expect(page.getByText('连不上服务')).toBeVisible()
    await page.unroute('**/api/v1/imports*')
    await page.getByRole('button', { name: '重试' }).click()
    await expect(page.getByText('连不上服务')).toHaveCount(0)
    await expect(page.getByRole('table')).toBeVisible()
  })

  for (const path of ['/customers/prf_nope', '/customers/segments/seg_nope', '/data/imports/bat_nope']) {
    test(`what is not there is said to be so: ${path}`, async ({ page }) => {
      await open(page, path)
      await expect(page.getByText('找不到要看的内容')).toBeVisible()
      await expect(page.getByRole('button', { name: '重试' })).toHaveCount(0)
    })
  }
})

test.describe('an empty workspace', () => {
  for (const path of ['/customers', '/insight/kpis', '/insight/kpis/net_sales', '/insight/rfm', '/insight/migration']) {
    test(`leads to the import: ${path}`, async ({ page }) => {
      const none = { name: '新工作区', currency: 'CNY', zone: 'Asia/Shanghai', version: '0.1.0', data_from: null, data_to: null, as_of: null, refreshed_at: null, n_profiles: 0, n_orders: 0, keys_disabled: false }
      await page.route('**/api/v1/workspace', (route) => route.fulfill({ json: none }))
      await page.route('**/api/v1/profiles/query', (route) => route.fulfill({ json: { items: [], next: null, total: 0, n_customers: 0, as_of: '2026-01-01', rule: {}, sentence_zh: '', sentence_en: '' } }))
      await page.route('**/api/v1/rfm', async (route) => route.fulfill({ json: { ...((await (await route.fetch()).json()) as object), as_of: null, days: [] } }))
      await page.route('**/api/v1/history/days*', (route) => route.fulfill({ json: { items: [] } }))
      await open(page, path)
      await expect(page.getByRole('main').getByRole('link', { name: '去导入' })).toBeVisible()
    })
  }
})
