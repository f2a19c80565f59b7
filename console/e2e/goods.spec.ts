// Goods on the demo data: as many people stand behind a rule as it says and become a segment; grades in words; one customer's list.
import { AxeBuilder } from '@axe-core/playwright'
import { expect, numberIn, open, SHOTS, test } from './console'

const DAYS = { from: '2010-12-01', to: '2011-06-30' }
const address = (tab: string, spec: object) => `/insight/goods?tab=${tab}&spec=${encodeURIComponent(JSON.stringify({ level: 'product', basket: 'order', max_gap_days: 90, ...spec }))}`
const WORDS = {
  zh: { title: '商品洞察', table: '一起买的规则', next: '先后购买', left: /^买了.*还没买/, leftNext: /^最近买了/, keep: '存为分群', kept: '已存为分群：', name: '分群名称', means: /倍/, grades: '推荐成绩', own: '自己的购买记录', want: '可能想要', fresh: '可能喜欢的新商品', lift: '提升度', category: '品类', none: '没有这一层级的数据', run: '查看结果', needs: '可拓展的商品', told: '还学不出需求', next_one: '可拓展的商品', may: /^可拓展.*的客户/ },
  en: { title: 'Goods', table: 'Rules of what is bought together', next: 'One after the other', left: /^Bought .* yet/, leftNext: /^Bought .* lately/, keep: 'Save as segment', kept: 'Saved as segment:', name: 'Name of the segment', means: /times as often as usual/, grades: 'Grades of recommendation', own: 'own history', want: 'May want', fresh: 'New goods they may like', lift: 'Lift', category: 'Category', none: 'There are no goods at this level', run: 'Show', needs: 'What customers may take next', told: 'No needs can be learnt yet', next_one: 'What customers may take next', may: /^Customers who may take/ },
} as const

for (const lang of ['zh', 'en'] as const) {
  const words = WORDS[lang]
  test(`who bought one and not the other is listed and kept (${lang})`, async ({ page }) => {
    await open(page, address('together', DAYS), lang)
    await expect(page.getByRole('heading', { name: words.title, level: 1 })).toBeVisible()
    await expect(page.getByText(words.means).first()).toBeVisible()
    expect((await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa']).analyze()).violations).toEqual([])
    await page.screenshot({ path: `${SHOTS}/e2e-goods-${lang}.png`, fullPage: true })
    await page.getByRole('button', { name: words.lift, exact: true }).click()
    await expect(page).toHaveURL(/sort=lift/)
    const left = page.getByRole('button', { name: words.left }).first()
    const n = numberIn(await left.textContent())
    await left.click()
    const sheet = page.getByRole('dialog')
    await expect(sheet.getByRole('status').first()).toContainText(n.toLocaleString('en-US'))
    await sheet.getByRole('textbox', { name: words.name }).fill(`${words.title} ${lang}`)
    await sheet.getByRole('button', { name: words.keep }).click()
    await expect(sheet.getByText(words.kept)).toBeVisible()
    await page.reload()
    await expect(page.getByRole('dialog').getByRole('status').first()).toContainText(n.toLocaleString('en-US'))
  })

  test(`what follows, and a level without data (${lang})`, async ({ page }) => {
    await open(page, address('next', DAYS), lang)
    await expect(page.getByRole('table', { name: words.next })).toBeVisible()
    await page.screenshot({ path: `${SHOTS}/e2e-goods-next-${lang}.png`, fullPage: true })
    const left = page.getByRole('button', { name: words.leftNext }).first()
    const n = numberIn(await left.textContent())
    await left.click()
    await expect(page.getByRole('dialog').getByRole('status').first()).toContainText(n.toLocaleString('en-US'))
    await page.keyboard.press('Escape')
    // The demo data have no categories.
    await page.getByText(words.category, { exact: true }).click()
    await page.getByRole('button', { name: words.run }).click()
    await expect(page.getByText(words.none)).toBeVisible()
  })

  test(`needs as rules, and what may come next (${lang})`, async ({ page }) => {
    test.slow()
    await open(page, address('needs', {}), lang)
    await expect(page.getByRole('heading', { name: words.needs })).toBeVisible({ timeout: 90_000 })
    // The demo data have no categories, and no product that many buy most.
    await expect(page.getByText(words.told)).toBeVisible()
    expect((await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa']).analyze()).violations).toEqual([])
    await page.screenshot({ path: `${SHOTS}/e2e-goods-needs-${lang}.png`, fullPage: true })
    const table = page.getByRole('table', { name: words.next_one })
    const may = table.getByRole('button', { name: words.may }).first()
    const n = numberIn(await may.textContent())
    await may.click()
    await expect(page.getByRole('dialog').getByRole('status').first()).toContainText(n.toLocaleString('en-US'))
    await page.reload()
    await expect(page.getByRole('dialog').getByRole('status').first()).toContainText(n.toLocaleString('en-US'))
  })

  test(`grades in words, and one customer's list (${lang})`, async ({ page }) => {
    test.slow()
    await open(page, '/insight/goods?tab=wanted', lang)
    const table = page.getByRole('table', { name: words.grades })
    await expect(table).toBeVisible({ timeout: 60_000 })
    await expect(table.getByRole('rowheader', { name: words.own })).toBeVisible()
    await page.screenshot({ path: `${SHOTS}/e2e-goods-wanted-${lang}.png`, fullPage: true })
    await open(page, '/customers', lang)
    await page.locator('tbody a[href^="/customers/"]').first().click()
    const card = page.locator('section', { has: page.getByRole('heading', { name: words.want }) }).last()
    await expect(card.getByText(words.fresh)).toBeVisible({ timeout: 60_000 })
    await expect(card.getByRole('listitem').first()).toBeVisible()
    await card.screenshot({ path: `${SHOTS}/e2e-goods-person-${lang}.png` })
  })
}
