// RFM rules on the demo data: other rules are tried, what they would do adds up, they are put in force and taken back.
import { AxeBuilder } from '@axe-core/playwright'
import { expect, numberIn, open, SHOTS, test } from './console'

const WORDS = {
  zh: { open: '规则', usual: '恢复默认', preview: '预览谁会变化', save: '启用这些规则', mode: '怎样打分', high: 'M 从几分起算高', nobody: '没有人变化。' },
  en: { open: 'Rules', usual: 'Back to the usual ones', preview: 'Preview who moves', save: 'Put in force', mode: 'How scores are given', high: 'M is high from score', nobody: 'Nobody moves.' },
} as const

for (const lang of ['zh', 'en'] as const) {
  const words = WORDS[lang]
  test(`rules are tried before they are put in force (${lang})`, async ({ page }) => {
    await open(page, '/insight/rfm', lang)
    await page.getByRole('button', { name: words.open, exact: true }).click()
    const sheet = page.getByRole('dialog')
    await sheet.getByRole('button', { name: words.usual }).click()
    await expect(sheet.getByRole('button', { name: words.save })).toHaveCount(0)
    await sheet.getByLabel(words.high).selectOption('3')
    await sheet.getByRole('button', { name: words.preview }).click()
    const groups = sheet.locator('.zk-rfm-moves table').nth(1)
    await expect(groups).toBeVisible()
    // Nobody is lost: as many stand somewhere as before, and somebody moves.
    const sum = async (column: number) => {
      const cells = await groups.locator(`tbody tr td:nth-of-type(${column})`).allTextContents()
      return cells.map(numberIn).reduce((a, b) => a + b, 0)
    }
    expect(await sum(1)).toBeGreaterThan(1_000)
    expect(await sum(2)).toBe(await sum(1))
    expect(await sheet.locator('.zk-rfm-moves li').count()).toBeGreaterThan(0)
    const { violations } = await new AxeBuilder({ page }).analyze()
    expect(violations.map(({ id, nodes }) => [id, nodes[0]?.target.join(' ')])).toEqual([])
    await page.screenshot({ path: `${SHOTS}/e2e-rfm-rules-${lang}.png`, fullPage: true })
    await sheet.getByRole('button', { name: words.save }).click()
    await expect(sheet).toHaveCount(0)
    // They are there for whoever opens them again; the usual ones are put back for the other paths.
    await page.getByRole('button', { name: words.open, exact: true }).click()
    await expect(sheet.getByLabel(words.high)).toHaveValue('3')
    await sheet.getByRole('button', { name: words.usual }).click()
    await sheet.getByRole('button', { name: words.preview }).click()
    await expect(sheet.getByText(words.nobody).first()).toBeVisible()
    await sheet.getByRole('button', { name: words.save }).click()
    await expect(sheet).toHaveCount(0)
  })
}
