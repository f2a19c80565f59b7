// On a phone: lists are short cards, chosen tabs are in view, nothing is wider than the screen.
import { expect, open, test } from './console'

test.use({ viewport: { width: 390, height: 844 }, hasTouch: true })

for (const path of ['/', '/customers', '/customers/segments', '/customers/tags', '/insight/kpis', '/insight/rfm', '/insight/migration', '/data/imports', '/data/quality']) {
  test(`nothing is wider than the screen: ${path}`, async ({ page }) => {
    await open(page, path)
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390)
  })
}

test('a customer is a card of a few lines, without what is not known', async ({ page }) => {
  await open(page, '/customers?tier=core')
  const row = page.locator('.zk-table-cards tbody tr').first()
  await expect(row.locator('td[data-label=有效订单]')).toBeVisible()
  expect((await row.boundingBox())?.height).toBeLessThan(160)
  await expect(row.locator('td.zk-no-value:visible')).toHaveCount(0)
})

test('a figure is two lines', async ({ page }) => {
  await open(page, '/insight/kpis')
  const row = page.locator('.zk-table-cards tbody tr').first()
  expect((await row.boundingBox())?.height).toBeLessThan(110)
})

test('the chosen tab of a customer is in view', async ({ page }) => {
  await open(page, '/customers?tier=core')
  const href = await page.locator('.zk-person').first().getAttribute('href')
  await open(page, `${href ?? ''}?tab=acts`)
  const box = await page.getByRole('tab', { selected: true }).boundingBox()
  expect(box?.x).toBeGreaterThanOrEqual(0)
  expect((box?.x ?? 0) + (box?.width ?? 0)).toBeLessThanOrEqual(390)
})

test('the whole menu can be reached', async ({ page }) => {
  await open(page, '/customers')
  await page.getByRole('button', { name: '菜单' }).click()
  const last = page.locator('.zk-drawer .zk-menu-link').last()
  await last.scrollIntoViewIfNeeded()
  await expect(last).toBeInViewport()
})
