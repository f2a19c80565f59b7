import { expect, open, test } from './console'

const WORDS = {
  zh: { tab: '同意', purpose: '用途', grant: '记录同意', withdraw: '记录撤回', granted: '同意', withdrawn: '撤回', new: '登记请求', enter: '登记', check: '核身方式', checked: '已核身', refuse: '拒绝', refused: '已拒绝', consents: '同意与用途' },
  en: { tab: 'Consent', purpose: 'Purpose', grant: 'Record consent', withdraw: 'Record withdrawal', granted: 'Granted', withdrawn: 'Withdrawn', new: 'Enter a request', enter: 'Enter', check: 'How identified', checked: 'Identified', refuse: 'Refuse', refused: 'Refused', consents: 'Consent & purposes' },
} as const

for (const lang of ['zh', 'en'] as const) {
  const words = WORDS[lang]

  test(`consent is recorded, taken back and counted (${lang})`, async ({ page }) => {
    await open(page, '/customers', lang)
    await page.locator('.zk-person').first().click()
    await expect(page).toHaveURL(/\/customers\/prf_/)
    await page.getByRole('tab', { name: words.tab, exact: true }).click()
    await page.getByLabel(words.purpose, { exact: true }).selectOption('marketing_wechat')
    const row = page.getByRole('row').filter({ has: page.getByRole('rowheader', { name: lang === 'zh' ? '微信营销' : 'Marketing by WeChat' }) }).first()
    await page.getByRole('button', { name: words.grant }).click()
    await expect(row).toContainText(words.granted)
    await page.getByRole('button', { name: words.withdraw }).click()
    await expect(row).toContainText(words.withdrawn)
    await page.goto('/governance/consents')
    await expect(page.getByRole('heading', { name: words.consents, level: 1 })).toBeVisible()
    await expect(page.getByRole('row')).toHaveCount(10)
  })

  test(`a request is entered, checked and refused (${lang})`, async ({ page }) => {
    await open(page, '/customers', lang)
    await page.locator('.zk-person').first().click()
    await page.getByRole('link', { name: words.new }).click()
    const sheet = page.locator('dialog[open]')
    await sheet.getByRole('button', { name: words.enter, exact: true }).click()
    await expect(sheet).toHaveCount(0)
    await page.locator('.zk-link-button').first().click()
    await sheet.getByLabel(words.check, { exact: true }).fill('SMS')
    await sheet.getByRole('button', { name: words.checked }).click()
    await expect(sheet.locator('.zk-facts')).toContainText('SMS')
    await sheet.getByRole('button', { name: words.refuse }).click()
    await expect(sheet.locator('.zk-facts')).toContainText(words.refused)
  })
}
