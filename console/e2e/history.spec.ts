// A past day is computed in the console, then compared with the newest; the people of a move are as many as it says.
import { expect, numberIn, open, SHOTS, test } from './console'

const WORDS = {
  zh: { day: '补算这一天', compute: '补算', moves: '迁移图', to: '到' },
  en: { day: 'Compute this day', compute: 'Compute', moves: 'Flow', to: 'To' },
} as const

for (const [lang, day] of [['zh', '2011-06-30'], ['en', '2011-05-31']] as const) {
  const words = WORDS[lang]
  test(`movement opens the people of a flow (${lang})`, async ({ page }) => {
    await open(page, '/insight/migration', lang)
    const date = page.getByLabel(words.day).first()
    if (!(await date.isVisible())) await page.getByText(words.compute, { exact: true }).click()
    await date.fill(day)
    await page.getByRole('button', { name: words.day }).first().click()
    await expect(page.getByRole('heading', { name: words.moves })).toBeVisible()
    await page.goto(`/insight/migration?from=${day}`)
    await expect(page.locator('.zk-chart-box canvas')).toBeVisible()
    await page.screenshot({ path: `${SHOTS}/e2e-migration-${lang}.png` })
    // A flow is opened by keyboard.
    await page.locator('.zk-chart-frame').focus()
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('Enter')
    await expect(page).toHaveURL(/shown=true/)
    await expect(page.locator('.zk-person').first()).toBeVisible()

    await page.goto(`/insight/migration?from=${day}&view=table`)
    const table = page.getByRole('table', { name: words.moves })
    const rows = table.locator('tbody tr')
    // The smallest move fits a page.
    const n = numberIn(await rows.last().locator('.zk-link-button').textContent())
    expect(n).toBeGreaterThan(0)
    expect(n).toBeLessThanOrEqual(50)
    await rows.last().locator('.zk-link-button').click()
    await expect(page.locator('.zk-person')).toHaveCount(n)
    await page.goBack()
    await expect(page.locator('.zk-person')).toHaveCount(0)
  })
}
