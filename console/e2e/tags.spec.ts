// Tags: found in the list, a value opened to its people and saved as a segment, one defined, one put on a customer.
import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from '@playwright/test'
import { expect, numberIn, open, SHOTS, test } from './console'

const WORDS = {
  zh: { find: '按名称或算法查找', band: '价格带', save: '存为分群', close: '关闭', lineage: '血缘关系', orders: '订单', table: '表', keep: '保存', key: '代码', zhName: '中文名称', enName: '英文名称', add: '添加条件', behaviour: '行为满足', retire: '停用', manual: '新建人工标签', tagName: '标签名称', values: '可选的取值' },
  en: { find: 'Find by name or computation', band: 'price band', save: 'Save as segment', close: 'Close', lineage: 'Lineage', orders: 'Order items', table: 'Table', keep: 'Save', key: 'Key', zhName: 'Chinese name', enName: 'English name', add: 'Add condition', behaviour: 'Behaviour', retire: 'Retire', manual: 'New manual tag', tagName: 'Name', values: 'Values to choose from' },
} as const

async function hasNoViolation(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa']).analyze()
  expect(violations.map(({ id, nodes }) => [id, ...nodes.slice(0, 3).map((node) => node.target)])).toEqual([])
}

for (const lang of ['zh', 'en'] as const) {
  const words = WORDS[lang]
  test(`a tag is found, its value opened to as many people, and these kept as a segment (${lang})`, async ({ page }) => {
    await open(page, '/customers/tags', lang)
    // Three levels of definitions; other paths may have put tags by hand.
    await expect(page.locator('.zk-tag-level').nth(2)).toBeVisible()
    await page.screenshot({ path: `${SHOTS}/e2e-tags-${lang}.png`, fullPage: true })
    await page.getByRole('searchbox', { name: words.find }).fill('price_band')
    await expect(page).toHaveURL(/q=price_band/)
    await page.locator('.zk-person', { hasText: 'price_band' }).click()
    await expect(page).toHaveURL(/\/customers\/tags\/price_band/)
    await expect(page.getByRole('heading', { name: words.lineage })).toBeVisible()
    await expect(page.locator('.zk-lineage-node', { hasText: words.orders }).first()).toBeVisible()

    const bar = page.locator('.zk-spread li').first()
    const n = numberIn(((await bar.locator('.zk-bar-value').textContent()) ?? '').split(' ')[0] ?? '')
    expect(n).toBeGreaterThan(0)
    await bar.getByRole('button').click()
    await expect(page).toHaveURL(/value=/)
    const sheet = page.locator('.zk-behind')
    await expect(sheet.locator('.zk-behind-list li').first()).toBeVisible()
    const total = numberIn(((await sheet.getByRole('status').first().textContent()) ?? '').replace(/\D*([\d,]+).*/, '$1'))
    expect(total).toBe(n)
    await hasNoViolation(page)
    await page.screenshot({ path: `${SHOTS}/e2e-tag-people-${lang}.png` })
    await page.keyboard.press('Escape')
    await expect(sheet).toHaveCount(0)
    await expect(page).not.toHaveURL(/value=/)

    await page.goForward()
    await sheet.getByRole('link', { name: words.save }).click()
    await expect(page).toHaveURL(/\/customers\/segments\/new\?/)
    await expect(page.locator('.zk-preview [aria-live]')).toHaveAttribute('aria-busy', 'false')
    expect(numberIn(await page.locator('.zk-preview-count strong').textContent())).toBe(n)
  })

  test(`a tag is defined, computed, and retired (${lang})`, async ({ page }) => {
    const key = `e2e_${lang}_${Date.now()}`
    await open(page, '/customers/tags/new', lang)
    await page.getByLabel(words.key, { exact: true }).fill(key)
    await page.getByLabel(words.zhName).fill(`测试 ${key}`)
    await page.getByLabel(words.enName).fill(`test ${key}`)
    await page.getByRole('button', { name: words.add, exact: true }).click()
    await page.getByRole('menuitem', { name: words.behaviour }).click()
    const count = page.locator('.zk-tag-count')
    await expect(count).toContainText('%')
    const says = (await count.textContent()) ?? ''
    await hasNoViolation(page)
    await page.screenshot({ path: `${SHOTS}/e2e-tag-form-${lang}.png`, fullPage: true })
    await page.getByRole('button', { name: words.keep, exact: true }).click()
    await expect(page).toHaveURL(new RegExp(`/customers/tags/${key}$`))
    const coverage = page.locator('.zk-figure-row dd').first()
    await expect(coverage).toHaveText(/%/)
    expect(says).toContain((await coverage.textContent()) ?? '?')
    await page.screenshot({ path: `${SHOTS}/e2e-tag-${lang}.png`, fullPage: true })
    await page.getByRole('button', { name: words.retire }).click()
    await page.locator('.ant-popconfirm').getByRole('button', { name: words.retire }).click()
    await expect(page).toHaveURL(/\/customers\/tags$/)
    await expect(page.getByText(key)).toHaveCount(0)
  })
}

test.describe('a mistake', () => {
  test.use({ allowed: [/422/] })
  test('in an expression is shown at its line', async ({ page }) => {
    await open(page, '/customers/tags/new')
    await page.getByText('JSON', { exact: true }).click()
    await page.getByRole('textbox', { name: '算法 JSON' }).fill('{\n  "measure": {"of": "orders", "agg": "summ"}\n}')
    const problem = page.locator('.zk-json .zk-rule-problems li').first()
    await expect(problem).toContainText('summ')
    await expect(problem.getByRole('button', { name: '第 2 行' })).toBeVisible()
  })
})
