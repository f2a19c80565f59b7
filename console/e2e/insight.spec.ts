// Behaviour on the demo data: as many people stand behind a step, a cell and a life as the number says, and become a segment.
import { expect, numberIn, open, SHOTS, test } from './console'

const DAYS = { from: '2010-12-01', to: '2011-06-30' }
const address = (path: string, spec: object) => `${path}?spec=${encodeURIComponent(JSON.stringify(spec))}`
const WORDS = {
  zh: { funnel: '漏斗', retention: '留存', lost: /^流失：/, keep: '存为分群', kept: '已存为分群：', name: '分群名称', run: '查看结果', add: '添加步骤' },
  en: { funnel: 'Funnel', retention: 'Retention', lost: /^Lost:/, keep: 'Save as segment', kept: 'Saved as segment:', name: 'Name of the segment', run: 'Show', add: 'Add a step' },
} as const

for (const lang of ['zh', 'en'] as const) {
  const words = WORDS[lang]
  test(`those lost between two steps are listed and kept (${lang})`, async ({ page }) => {
    const spec = { steps: [{ of: 'orders' }, { of: 'orders' }], window: { n: 30, unit: 'day' }, order: 'ordered', count_by: 'person', ...DAYS }
    await open(page, address('/insight/funnel', spec), lang)
    await expect(page.getByRole('heading', { name: words.funnel, level: 1 })).toBeVisible()
    await page.screenshot({ path: `${SHOTS}/e2e-funnel-${lang}.png`, fullPage: true })
    const lost = page.getByRole('button', { name: words.lost }).first()
    const n = numberIn(await lost.textContent())
    expect(n).toBeGreaterThan(50)
    await lost.click()
    const sheet = page.getByRole('dialog')
    await expect(sheet.getByRole('status').first()).toContainText(n.toLocaleString('en-US'))
    await sheet.getByRole('textbox', { name: words.name }).fill(`${words.keep} ${lang}`)
    await sheet.getByRole('button', { name: words.keep }).click()
    await expect(sheet.getByText(words.kept)).toBeVisible()
    await sheet.getByRole('link', { name: `${words.keep} ${lang}` }).click()
    await expect(page.getByRole('heading', { level: 1 })).toContainText(words.keep)
  })

  test(`a cell of retention opens those who came back (${lang})`, async ({ page }) => {
    const spec = { start: { of: 'orders' }, back: { of: 'orders' }, first_time: true, by: 'month', rolling: false, measure: 'exact', ...DAYS }
    await open(page, address('/insight/retention', spec), lang)
    await expect(page.getByRole('heading', { name: words.retention, level: 1 })).toBeVisible()
    await page.screenshot({ path: `${SHOTS}/e2e-retention-${lang}.png`, fullPage: true })
    const row = page.locator('.zk-cohorts tbody tr', { has: page.getByRole('rowheader', { name: '2011-01' }) })
    const size = numberIn(await row.getByRole('button').first().textContent())
    await row.getByRole('button').first().click()
    await expect(page.getByRole('dialog').getByRole('status').first()).toContainText(size.toLocaleString('en-US'))
  })
}
