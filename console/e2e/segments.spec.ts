// A segment is built on the demo data, counted while it is written, saved, and its members opened.
import { AxeBuilder } from '@axe-core/playwright'
import type { Locator, Page } from '@playwright/test'
import { expect, numberIn, open, SHOTS, test } from './console'

const WORDS = {
  zh: { add: '添加条件', behaviour: '行为满足', score: '评分与层级', core: '核心', name: '名称', window: '时间范围', ever: '不限时间', save: '保存', copy: '复制：条件 1', up: '上移：条件 2', size: '人数', preview: /^预览/, why: '为什么在这里', archive: '移入回收站', bin: '回收站' },
  en: { add: 'Add condition', behaviour: 'Behaviour', score: 'Score or tier', core: 'Core', name: 'Name', window: 'When', ever: 'ever', save: 'Save', copy: 'Copy: Condition 1', up: 'Move up: Condition 2', size: 'People', preview: /^Preview/, why: 'Why is this person here', archive: 'Move to recycle bin', bin: 'Recycle bin' },
} as const

async function hasNoViolation(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa']).analyze()
  expect(violations.map(({ id, nodes }) => [id, ...nodes.slice(0, 3).map((node) => node.target)])).toEqual([])
}

/** The count once it belongs to the rule that is shown. */
async function counted(page: Page): Promise<number> {
  await expect(page.locator('.zk-preview [aria-live]')).toHaveAttribute('aria-busy', 'false')
  return numberIn(await page.locator('.zk-preview-count strong').textContent())
}

const rows = (page: Page): Locator => page.locator('.zk-rule-row')

for (const lang of ['zh', 'en'] as const) {
  const words = WORDS[lang]
  test(`a segment is built, counted, saved and opened (${lang})`, async ({ page }) => {
    await open(page, '/customers/segments/new', lang)
    const all = await counted(page)
    expect(all).toBeGreaterThan(0)

    await page.getByRole('button', { name: words.add, exact: true }).click()
    await page.getByRole('menuitem', { name: words.behaviour }).click()
    await expect(rows(page)).toHaveCount(1)
    // Other paths send events of today; the orders are old.
    await rows(page).first().getByRole('combobox', { name: words.window }).click()
    await page.locator('.ant-select-item-option', { hasText: words.ever }).click()
    await expect(page.locator('.zk-funnel li')).toHaveCount(2)
    const bought = await counted(page)
    expect(bought).toBeLessThan(all)

    await page.getByRole('button', { name: words.add, exact: true }).click()
    await page.getByRole('menuitem', { name: words.score }).click()
    await rows(page).nth(1).locator('.zk-words-input').click()
    await page.locator('.ant-select-item-option', { hasText: words.core }).click()
    await page.keyboard.press('Escape')
    await expect(page.locator('.zk-funnel li')).toHaveCount(3)
    const both = await counted(page)
    expect(both).toBeLessThanOrEqual(bought)
    expect(both).toBeGreaterThan(0)

    // By keyboard: a copy, up and away again; the focus goes along.
    await page.getByRole('button', { name: words.copy }).click()
    await expect(rows(page)).toHaveCount(3)
    await page.getByRole('button', { name: words.up }).focus()
    await page.keyboard.press('Alt+ArrowUp')
    await expect(rows(page).first().locator('[data-act=up]')).toBeFocused()
    await page.keyboard.press('Delete')
    await expect(rows(page)).toHaveCount(2)
    expect(await counted(page)).toBe(both)

    await hasNoViolation(page)
    await page.screenshot({ path: `${SHOTS}/e2e-segment-builder-${lang}.png`, fullPage: true })

    const name = `e2e ${lang} ${Date.now()}`
    await page.getByLabel(words.name, { exact: true }).fill(name)
    await page.getByRole('button', { name: words.save, exact: true }).click()
    await expect(page.getByRole('heading', { level: 1, name })).toBeVisible()
    await expect(page).toHaveURL(/\/customers\/segments\/seg_/)
    const size = page.locator('.zk-figure-row div', { hasText: words.size }).locator('dd').first()
    await expect(size).toHaveText(/\d/)
    expect(numberIn(await size.textContent())).toBe(both)

    await page.getByRole('button', { name: words.preview }).first().click()
    const sheet = page.locator('.zk-peek-sheet')
    await expect(sheet.getByRole('heading', { name: words.why })).toBeVisible()
    await expect(sheet.locator('.zk-verdict-yes')).toHaveCount(2)
    await hasNoViolation(page)
    await page.keyboard.press('Escape')
    await expect(sheet).toHaveCount(0)

    await page.getByRole('button', { name: words.archive }).click()
    await page.locator('.ant-popconfirm').getByRole('button', { name: words.archive }).click()
    await expect(page).toHaveURL(/\/customers\/segments$/)
    await page.getByText(words.bin, { exact: true }).first().click()
    await expect(page.getByRole('row', { name: new RegExp(name) })).toBeVisible()
  })
}

test.describe('a mistake', () => {
  test.use({ allowed: [/422/] })
  test('in the JSON is shown at its place, and in the form', async ({ page }) => {
    await open(page, '/customers/segments/new')
    await page.getByRole('button', { name: '查看 JSON' }).click()
    const text = page.getByRole('textbox', { name: '规则 JSON' })
    await text.fill('{\n  "all": [\n    {"score": "rfm.tear", "op": "eq", "value": "core"}\n  ]\n}')
    const problem = page.locator('.zk-json .zk-rule-problems li')
    await expect(problem).toContainText('/all/0/score')
    await expect(page.locator('.zk-rule-row .zk-rule-problems li')).toContainText('rfm.tear')
    await problem.getByRole('button', { name: '第 3 行' }).click()
    expect(await text.evaluate((area: HTMLTextAreaElement) => area.value.slice(area.selectionStart, area.selectionEnd))).toBe('"rfm.tear"')
    await text.fill('{\n  "all": [\n')
    await expect(page.getByText('第 3 行不是正确的 JSON')).toBeVisible()
  })
})
