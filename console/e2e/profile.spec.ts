// One customer, tab by tab: what happened, tags with their reasons, a tag put and taken off, segments, who looked.
import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from '@playwright/test'
import { expect, open, SHOTS, test } from './console'
import { USER } from './setup'

async function hasNoViolation(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa']).analyze()
  expect(violations.map(({ id, nodes }) => [id, ...nodes.slice(0, 3).map((node) => node.target)])).toEqual([])
}

/** The address of the customer with the most orders. */
async function first(page: Page): Promise<string> {
  const answer = await page.request.get('/api/v1/profiles?limit=200')
  const { items } = (await answer.json()) as { items: { profile_id: string; frequency: number | null }[] }
  const [busiest] = items.toSorted((a, b) => (b.frequency ?? 0) - (a.frequency ?? 0))
  return `/customers/${busiest?.profile_id ?? ''}`
}

test('the timeline is paged, filtered and jumped in, and the URL holds it', async ({ page }) => {
  const profile = await first(page)
  await open(page, profile)
  await page.getByRole('tab', { name: '概览' }).focus()
  await page.keyboard.press('ArrowRight')
  await expect(page.getByRole('tab', { name: '时间线' })).toBeFocused()
  await expect(page).toHaveURL(/tab=timeline/)
  const items = page.locator('.zk-happening')
  await expect(items).toHaveCount(50)
  await hasNoViolation(page)
  await page.screenshot({ path: `${SHOTS}/e2e-timeline.png` })
  await page.getByRole('button', { name: '加载更多' }).click()
  await expect.poll(() => items.count()).toBeGreaterThan(50)

  await page.getByRole('checkbox', { name: /^订单/ }).uncheck()
  await expect(page).toHaveURL(/kinds=refund/)
  await expect(page.locator('.zk-happening-order')).toHaveCount(0)
  await page.getByRole('checkbox', { name: /^订单/ }).check()
  await page.getByLabel('跳到日期').fill('2011-03-31')
  await expect(page).toHaveURL(/day=2011-03-31/)
  await expect(page.locator('.zk-day h3').first()).toHaveText(/2011年[1-3]月|2010年/)
  await page.reload()
  await expect(page.locator('.zk-day h3').first()).toHaveText(/2011年[1-3]月|2010年/)
})

test('tags say why; one is put on the customer and taken off', async ({ page }) => {
  const profile = await first(page)
  await open(page, `${profile}?tab=tags`)
  const row = page.locator('.zk-person-tags li').first()
  await row.getByRole('button').first().click()
  await expect(row.locator('.zk-person-tag-why')).toContainText('现算')
  const name = `重点 ${Date.now()}`
  await page.getByRole('combobox', { name: '标签' }).fill(name)
  await page.getByLabel('取值', { exact: true }).fill('是')
  await page.getByLabel('有效至（可不填）').fill('2099-12-31')
  await page.getByRole('button', { name: '打上标签' }).click()
  const put = page.locator('.zk-person-tag', { hasText: name })
  await expect(put).toContainText(`${USER} 于`)
  await expect(put).toContainText('有效至 2099-12-31')
  await hasNoViolation(page)
  await page.screenshot({ path: `${SHOTS}/e2e-person-tags.png`, fullPage: true })
  await put.getByRole('button', { name: `摘除“${name}”` }).click()
  await page.locator('.ant-popconfirm').getByRole('button', { name: '摘除', exact: true }).click()
  await expect(put).toHaveCount(0)
})

test('seeing a customer in the clear needs a reason and leaves a trace', async ({ page }) => {
  const profile = await first(page)
  await open(page, `${profile}?tab=acts`)
  const button = page.getByRole('button', { name: '查看明文' })
  await expect(button).toBeDisabled()
  const reason = `核对 ${Date.now()}`
  await page.getByLabel('理由', { exact: true }).fill(reason)
  await button.click()
  await expect(page.getByRole('button', { name: '收起明文' })).toBeVisible()
  await expect(page.getByRole('row', { name: new RegExp(reason) })).toBeVisible()
  await hasNoViolation(page)
  await page.getByRole('button', { name: '收起明文' }).click()
  await expect(button).toBeVisible()
})

test('segments and the other tabs open', async ({ page }) => {
  const profile = await first(page)
  for (const [tab, heading] of [['segments', '所在分群'], ['orders', '订单时间线'], ['identities', '身份'], ['feedback', '反馈']] as const) {
    await open(page, `${profile}?tab=${tab}`)
    await expect(page.getByRole('heading', { name: heading, exact: true })).toBeVisible()
  }
})

test('a cell of the RFM grid leads to as many people, by keyboard', async ({ page }) => {
  await open(page, '/insight/rfm')
  const grid = page.getByRole('grid', { name: '频次 F × 最近 R' })
  await grid.locator('button[tabindex="0"]').focus()
  await page.keyboard.press('End')
  const cell = grid.locator('button:focus')
  const says = (await cell.getAttribute('title')) ?? ''
  expect(says).toContain('R5 F5')
  const n = says.replace(/.*：([\d,]+) 人.*/, '$1')
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(/cell=5-5/)
  await expect(page.locator('.zk-behind')).toContainText(`共 ${n} 人`)
  await page.screenshot({ path: `${SHOTS}/e2e-rfm-people.png` })
  await page.keyboard.press('Escape')
  await page.getByText('金额', { exact: true }).first().click()
  await expect(page).toHaveURL(/measure=money/)
  await page.screenshot({ path: `${SHOTS}/e2e-rfm.png`, fullPage: true })
})

test('the quality of data leads to the report of the load', async ({ page }) => {
  await open(page, '/data/quality')
  await expect(page.getByRole('heading', { name: '总体' })).toBeVisible()
  await page.screenshot({ path: `${SHOTS}/e2e-quality.png`, fullPage: true })
  await page.getByRole('table', { name: '文件导入' }).getByRole('link').first().click()
  await expect(page).toHaveURL(/\/data\/imports\/bat_/)
})
