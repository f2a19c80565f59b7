// Figures on the demo data: the list, one figure with its parts, the people behind a number, a goal.
import { expect, numberIn, open, SHOTS, test } from './console'

const WORDS = {
  zh: { title: '指标', new: '新客', sales: '净销售额', table: '表', set: '设定', remove: /^删除目标/, value: '目标值', period: '周期或起止日期', quarter: '季', next: '接下来会怎样', unusual: '今天要看的' },
  en: { title: 'KPIs', new: 'new customers', sales: 'net sales', table: 'Table', set: 'Set', remove: /^Remove goal/, value: 'Goal', period: 'Period, or first and last day', quarter: 'Quarter', next: 'What comes next', unusual: 'Worth a look today' },
} as const

const MONTHS = 'from=2010-12-01&to=2011-08-31'

for (const lang of ['zh', 'en'] as const) {
  const words = WORDS[lang]
  test(`as many people stand behind a number as it says (${lang})`, async ({ page }) => {
    await open(page, '/insight/kpis', lang)
    await expect(page.getByRole('heading', { name: words.title })).toBeVisible()
    await page.screenshot({ path: `${SHOTS}/e2e-kpis-${lang}.png`, fullPage: true })
    await page.getByRole('link', { name: words.new, exact: true }).click()
    await expect(page.getByRole('img', { name: words.new })).toBeVisible()
    // Other paths may have loaded orders of today: the months of the demo data are asked for.
    await page.goto(`/insight/kpis/new_customers?${MONTHS}`)
    await page.getByText(words.table, { exact: true }).click()
    const row = page.locator('tr[data-row="2011-03"]')
    const shown = numberIn(await row.getByRole('cell').first().textContent())
    expect(shown).toBeGreaterThan(50)
    await row.getByRole('button').first().click()
    const people = page.locator('.zk-card', { has: page.locator('.zk-person') })
    await expect(people.locator('.zk-card-hint')).toContainText(new RegExp(shown.toLocaleString('en-US')))
    while (await people.locator('.zk-more button').isVisible()) {
      const before = await people.locator('tbody tr').count()
      await people.locator('.zk-more button').click()
      await expect.poll(() => people.locator('tbody tr').count()).toBeGreaterThan(before)
    }
    await expect(people.locator('tbody tr')).toHaveCount(shown)
  })

  test(`what comes next is told with its range, and what was unusual with its cause (${lang})`, async ({ page }) => {
    await open(page, '/insight/kpis/orders?by=day&from=2011-06-01&to=2011-08-31', lang)
    const card = page.locator('.zk-card', { has: page.getByRole('heading', { name: words.next }) })
    await expect(card.locator('.zk-sentence, .zk-notice')).toContainText(/\d/)
    await page.screenshot({ path: `${SHOTS}/e2e-kpi-next-${lang}.png`, fullPage: true })
    await open(page, '/', lang)
    const unusual = page.locator('.zk-card', { has: page.getByRole('heading', { name: words.unusual }) })
    await expect(unusual.locator('.zk-card-hint')).toContainText(/\d/)
    await page.screenshot({ path: `${SHOTS}/e2e-unusual-${lang}.png`, fullPage: true })
  })

  test(`a figure is taken apart, and has a goal (${lang})`, async ({ page }) => {
    await open(page, '/insight/kpis/net_sales?view=table', lang)
    await expect(page.getByRole('heading', { name: words.sales, level: 1 })).toBeVisible()
    await page.getByText(words.quarter, { exact: true }).click()
    await expect(page).toHaveURL(/by=quarter/)
    await page.goto(`/insight/kpis/net_sales?view=table&by=quarter&dimension=rfm_tier&${MONTHS}`)
    const cells = page.locator('tr[data-row="2011-Q1"] td')
    await expect(cells.nth(2)).toBeVisible()
    await page.screenshot({ path: `${SHOTS}/e2e-kpi-parts-${lang}.png`, fullPage: true })
    await page.getByLabel(words.period).fill('2011-Q1')
    await page.getByLabel(words.value, { exact: true }).fill('1000000')
    await page.getByRole('button', { name: words.set, exact: true }).click()
    await expect(page.locator('.zk-goals li')).toHaveCount(1)
    await page.goto(`/insight/kpis/net_sales?by=quarter&${MONTHS}`)
    await expect(page.locator('.zk-legend')).toContainText(lang === 'zh' ? '目标' : 'Goal')
    await page.screenshot({ path: `${SHOTS}/e2e-kpi-${lang}.png`, fullPage: true })
    await page.getByRole('button', { name: words.remove }).click()
    await expect(page.locator('.zk-goals li')).toHaveCount(0)
  })
}
