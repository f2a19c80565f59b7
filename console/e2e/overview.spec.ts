import { expect, numberIn, open, SHOTS, test } from './console'

test('the overview shows numbers; a customer opens from the list', async ({ page }) => {
  await open(page, '/')
  const cards = page.locator('.zk-kpi')
  await expect(cards).toHaveCount(6)
  await expect(cards.first().locator('.zk-kpi-value')).toHaveText(/\d/)
  await expect(page).toHaveTitle(/^总览 · .+ · 知客$/)
  await page.screenshot({ path: `${SHOTS}/e2e-overview.png`, fullPage: true })

  // Chart and table hold the same days, and the choice is in the URL.
  await page.getByText('表', { exact: true }).first().click()
  await expect(page).toHaveURL(/view=table/)
  await expect(page.locator('.zk-table').first().locator('tbody tr')).toHaveCount(30)
  await page.goBack()
  await expect(page.getByRole('img', { name: /^趋势/ })).toBeVisible()
  await page.getByText('近7天', { exact: true }).click()
  await expect(page).toHaveURL(/range=last7d/)

  await page.getByRole('link', { name: '客户列表' }).click()
  await expect(page.getByRole('heading', { level: 1, name: '客户列表' })).toBeVisible()
  const first = page.locator('.zk-person').first()
  await first.click()
  await expect(page).toHaveURL(/\/customers\/[^/?]+$/)
  await expect(page.getByRole('heading', { name: '身份' })).toBeVisible()
  await expect(page.locator('.zk-order').first()).toBeVisible()
  await page.locator('.zk-order-head').first().click()
  await expect(page.locator('.zk-order-lines table').first()).toBeVisible()
  await page.screenshot({ path: `${SHOTS}/e2e-profile.png`, fullPage: true })
})

test('a tier leads to as many people as its number says', async ({ page }) => {
  await open(page, '/')
  const row = page.locator('.zk-tiers li').first()
  const n = numberIn(await row.locator('.zk-tier-head span').last().textContent())
  await row.getByRole('link').click()
  await expect(page).toHaveURL(/tier=core/)
  const total = page.locator('.zk-list-bar [role=status]')
  await expect(total).toHaveText(/\d/)
  expect(numberIn(/共 ([\d,]+) 人/.exec((await total.textContent()) ?? '')?.[1] ?? null)).toBe(n)
})

test('filters and days are chosen from lists that open where they should', async ({ page }) => {
  await open(page, '/customers')
  await page.getByLabel('RFM 分组').click()
  await page.locator('.ant-select-item-option').filter({ hasText: '重要价值' }).click()
  await expect(page).toHaveURL(/rfm_segment=champions/)
  await expect(page.locator('.zk-list-bar [role=status]')).toHaveText(/\d/)
  await open(page, '/')
  await page.getByText('自定义', { exact: true }).click()
  await page.locator('.ant-picker').click()
  await page.locator('.ant-picker-cell-in-view:not(.ant-picker-cell-disabled)').first().click()
  await page.locator('.ant-picker-cell-in-view:not(.ant-picker-cell-disabled)').nth(6).click()
  await expect(page).toHaveURL(/range=custom&from=\d{4}-\d{2}-01&to=\d{4}-\d{2}-07|from=\d{4}-\d{2}-01/)
  await expect(page.locator('.zk-kpi')).toHaveCount(6)
})

test('the keyboard steps through the trend and opens the search', async ({ page }) => {
  await open(page, '/')
  await page.getByRole('img', { name: /^趋势/ }).focus()
  await page.keyboard.press('ArrowRight')
  await page.keyboard.press('ArrowRight')
  await expect(page.locator('.zk-chart [role=status]').first()).toHaveText(/^\d{4}-\d{2}-\d{2}.+本期/)
  await page.keyboard.press('Control+k')
  await page.locator('.zk-command-input').fill('导入')
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(/\/data\/imports/)
})

test('a searched number stays out of the address', async ({ page }) => {
  await open(page, '/customers')
  await page.getByLabel('完整的号码或邮箱').fill('13900001234')
  await page.getByRole('button', { name: '查找' }).click()
  await expect(page.getByRole('status').filter({ hasText: /找到|没有/ })).toBeVisible()
  // The port may hold anything.
  const { pathname, search, hash } = new URL(page.url())
  expect(pathname + search + hash).not.toContain('139')
})

test.describe('when the server is gone', () => {
  test.use({ allowed: [/Failed to load resource/] })
  test('a card says so and recovers', async ({ page }) => {
    await page.route('**/api/v1/overview*', (route) => route.abort())
    await open(page, '/')
    await expect(page.getByText('连不上服务')).toBeVisible()
    await page.unroute('**/api/v1/overview*')
    await page.getByRole('button', { name: '重试' }).click()
    await expect(page.locator('.zk-kpi')).toHaveCount(6)
  })
})

test('language and appearance switch and stay', async ({ page }) => {
  await page.goto('/')
  await page.getByRole('button', { name: 'EN', exact: true }).click()
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Overview')
  await expect(page.locator('html')).toHaveAttribute('lang', 'en')
  await page.getByRole('button', { name: 'Switch to dark' }).click()
  await page.reload()
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark')
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Overview')
})
