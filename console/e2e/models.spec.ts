// Value, churn, groups and the cards of models on the demo data: numbers open the customers that they count, sentences
// follow the grade, a wrong setting is refused with the remedy.
import { AxeBuilder } from '@axe-core/playwright'
import { expect, numberIn, open, SHOTS, test } from './console'

const WORDS = {
  zh: { settings: '口径与建议', days: '最长等待天数', save: '保存', refused: /14 到 365 天/, card: /第 \d+ 版/, people: '看这些人', person: '价值与风险' },
  en: { settings: 'Definitions & advice', days: 'Days at most', save: 'Save', refused: /14 to 365 days/, card: /version \d+/, people: 'See these people', person: 'Value and risk' },
} as const

/** The first number of a sentence. */
const counted = (text: string | null) => numberIn(/[\d,]+/.exec(text ?? '')?.[0] ?? null)

for (const lang of ['zh', 'en'] as const) {
  const words = WORDS[lang]

  test(`the customers behind a risk are as many as it says (${lang})`, async ({ page }) => {
    await open(page, '/insight/value', lang)
    const cell = page.locator('.zk-risk-cell').first()
    await expect(cell).toBeVisible()
    const { violations } = await new AxeBuilder({ page }).analyze()
    expect(violations.map(({ id, nodes }) => [id, nodes[0]?.target.join(' ')])).toEqual([])
    await page.screenshot({ path: `${SHOTS}/e2e-value-${lang}.png`, fullPage: true })
    const n = numberIn((await cell.locator('.zk-figures').textContent()) ?? '')
    await cell.click()
    const sheet = page.getByRole('dialog')
    await expect(sheet.getByRole('status').first()).toBeVisible()
    expect(counted(await sheet.getByRole('status').first().textContent())).toBe(n)
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: words.people }).click()
    await expect(page.getByRole('dialog').getByRole('listitem').first()).toBeVisible()
    await page.keyboard.press('Escape')
  })

  test.describe('a mistake', () => {
    test.use({ allowed: [/400/] })
    test(`settings with a mistake are refused and say why (${lang})`, async ({ page }) => {
    await open(page, '/insight/value', lang)
    await page.getByRole('button', { name: words.settings }).click()
    const sheet = page.getByRole('dialog')
    const days = sheet.getByLabel(words.days)
    await days.fill('3')
    await sheet.getByRole('button', { name: words.save }).first().click()
    await expect(sheet.getByText(words.refused)).toBeVisible()
    await page.screenshot({ path: `${SHOTS}/e2e-value-settings-${lang}.png`, fullPage: true })
    })
  })

  test(`groups add up and open their customers (${lang})`, async ({ page }) => {
    await open(page, '/insight/groups', lang)
    const rows = page.locator('table tbody tr')
    await expect(rows.first()).toBeVisible()
    expect(await rows.count()).toBeGreaterThan(2)
    const n = numberIn((await rows.first().locator('td').first().textContent()) ?? '')
    await rows.first().getByRole('button').click()
    const sheet = page.getByRole('dialog')
    await expect(sheet.getByRole('status').first()).toBeVisible()
    expect(counted(await sheet.getByRole('status').first().textContent())).toBe(n)
    await page.keyboard.press('Escape')
    await page.screenshot({ path: `${SHOTS}/e2e-groups-${lang}.png`, fullPage: true })
  })

  test(`every model has a card, and a customer what they say (${lang})`, async ({ page }) => {
    await open(page, '/data/models', lang)
    const models = page.locator('table').first().locator('tbody tr')
    await expect(models).toHaveCount(5)
    for (let at = 0; at < 5; at++) {
      await models.nth(at).getByRole('button').click()
      await expect(page.getByRole('heading', { name: words.card })).toBeVisible()
    }
    await models.first().getByRole('button').click()
    const { violations } = await new AxeBuilder({ page }).analyze()
    expect(violations.map(({ id, nodes }) => [id, nodes[0]?.target.join(' ')])).toEqual([])
    await page.screenshot({ path: `${SHOTS}/e2e-models-${lang}.png`, fullPage: true })
    await open(page, '/insight/value', lang)
    await page.locator('.zk-risk-cell').first().click()
    await page.getByRole('dialog').getByRole('listitem').first().getByRole('link').first().click()
    await expect(page.getByRole('heading', { name: words.person })).toBeVisible()
    await page.screenshot({ path: `${SHOTS}/e2e-insight-${lang}.png`, fullPage: true })
  })
}
