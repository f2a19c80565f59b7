// What is processed for what is shown; an impact assessment is recorded and superseded.
import { AxeBuilder } from '@axe-core/playwright'
import { expect, open, SHOTS, test } from './console'

const WORDS = {
  zh: { activities: '处理活动', record: '记录影响评估', save: '记录', title: '标题', words: ['处理活动', '目的和方式是否合法、正当、必要', '对个人权益的影响与安全风险', '保护措施是否合法、有效、与风险相称', '结论'], supersede: '记录新版本', superseded: '已被取代' },
  en: { activities: 'Processing activities', record: 'Record an assessment', save: 'Record', title: 'Title', words: ['What is processed', 'Whether ends and means are lawful, proper and necessary', 'What it means for people, and the risks', 'Whether measures are lawful, effective and fit the risk', 'Conclusion'], supersede: 'Record a new version', superseded: 'superseded' },
} as const

for (const lang of ['zh', 'en'] as const) {
  const words = WORDS[lang]

  test(`an assessment is recorded and superseded (${lang})`, async ({ page }) => {
    await open(page, '/governance/register', lang)
    const activities = page.getByRole('table').first()
    await expect(activities.locator('tbody tr').first()).toBeVisible()
    await page.screenshot({ path: `${SHOTS}/e2e-register-${lang}.png`, fullPage: true })
    const name = `e2e ${Date.now().toString(36)}`
    await page.getByRole('button', { name: words.record, exact: true }).click()
    const sheet = page.getByRole('dialog')
    await sheet.getByLabel(words.title, { exact: true }).fill(name)
    for (const label of words.words) await sheet.getByLabel(label, { exact: true }).fill(`${label} …`)
    await sheet.getByRole('checkbox').first().check()
    const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']).analyze()
    expect(violations).toEqual([])
    await page.screenshot({ path: `${SHOTS}/e2e-assessment-${lang}.png` })
    await sheet.getByRole('button', { name: words.save, exact: true }).click()
    await expect(sheet).toHaveCount(0)
    await page.getByRole('button', { name, exact: true }).click()
    await sheet.getByRole('button', { name: words.supersede, exact: true }).click()
    await sheet.getByLabel(words.title, { exact: true }).fill(`${name} 2`)
    await sheet.getByRole('button', { name: words.save, exact: true }).click()
    await expect(sheet).toHaveCount(0)
    const older = page.getByRole('row').filter({ has: page.getByRole('button', { name, exact: true }) })
    await expect(older).toContainText(words.superseded)
    const document = await page.request.get(`/api/v1/compliance/register/document?lang=${lang}`)
    expect(await document.text()).toContain(`${name} 2`)
  })
}
