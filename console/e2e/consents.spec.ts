import { expect, open, test } from './console'

const WORDS = {
  zh: { tab: '同意', purpose: '用途', grant: '记录同意', withdraw: '记录撤回', granted: '同意', withdrawn: '撤回', new: '登记请求', enter: '登记', waiting: '待核身', check: '核身方式', checked: '已核身', refuse: '拒绝', refused: '已拒绝', consents: '同意与用途', newPurpose: '新建用途', code: '代码', nameZh: '中文名称', nameEn: '英文名称', version: '新告知版本', save: '保存', kind: '事项', copy: '资料副本', download: '下载', toCorrect: '到客户页更正', field: '字段', value: '更正为', correct: '更正', corrected: '更正于', withdrawCorrection: '撤销更正' },
  en: { tab: 'Consent', purpose: 'Purpose', grant: 'Record consent', withdraw: 'Record withdrawal', granted: 'Granted', withdrawn: 'Withdrawn', new: 'Enter a request', enter: 'Enter', waiting: 'To be identified', check: 'How identified', checked: 'Identified', refuse: 'Refuse', refused: 'Refused', consents: 'Consent & purposes', newPurpose: 'New purpose', code: 'Code', nameZh: 'Chinese name', nameEn: 'English name', version: 'New version of the notice', save: 'Save', kind: 'Kind', copy: 'Copy of the data', download: 'Download', toCorrect: 'Correct on the customer’s page', field: 'Field', value: 'What is right', correct: 'Correct', corrected: 'Corrected on', withdrawCorrection: 'Withdraw' },
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
    await expect(page.getByRole('row').filter({ hasText: 'marketing_wechat' })).toHaveCount(1)
  })

  test(`a request is entered, checked and refused (${lang})`, async ({ page }) => {
    await open(page, '/customers', lang)
    await page.locator('.zk-person').first().click()
    await page.getByRole('link', { name: words.new }).click()
    const sheet = page.locator('dialog[open]')
    await sheet.getByRole('button', { name: words.enter, exact: true }).click()
    await expect(sheet).toHaveCount(0)
    await page.getByRole('row').filter({ hasText: words.waiting }).locator('.zk-link-button').first().click()
    await sheet.getByLabel(words.check, { exact: true }).fill('SMS')
    await sheet.getByRole('button', { name: words.checked }).click()
    await expect(sheet.locator('.zk-facts')).toContainText('SMS')
    await sheet.getByRole('button', { name: words.refuse }).click()
    await expect(sheet.locator('.zk-facts')).toContainText(words.refused)
  })

  test(`a purpose is defined and gets another notice (${lang})`, async ({ page }) => {
    await open(page, '/governance/consents', lang)
    await page.getByRole('button', { name: words.newPurpose }).click()
    const sheet = page.locator('dialog[open]')
    const code = `calls_${lang}`
    await sheet.getByLabel(words.code, { exact: true }).fill(code)
    await sheet.getByLabel(words.nameZh, { exact: true }).fill('会员回访')
    await sheet.getByLabel(words.nameEn, { exact: true }).fill('Calls to members')
    await sheet.getByRole('button', { name: words.save }).click()
    await expect(sheet).toHaveCount(0)
    const row = page.getByRole('row').filter({ hasText: code })
    await expect(row).toHaveCount(1)
    await row.getByRole('button').click()
    await sheet.getByLabel(words.version, { exact: true }).fill('2026-11')
    await sheet.getByRole('button', { name: words.save }).click()
    await expect(sheet).toHaveCount(0)
    await expect(row).toContainText('2026-11')
  })

  test(`a person gets a copy and a correction that stays (${lang})`, async ({ page }) => {
    const sheet = page.locator('dialog[open]')
    const enter = async (kind: string, title: string) => {
      await open(page, '/customers', lang)
      await page.locator('.zk-person').nth(1).click()
      await page.getByRole('link', { name: words.new }).click()
      await sheet.getByLabel(words.kind, { exact: true }).selectOption(kind)
      await sheet.getByRole('button', { name: words.enter, exact: true }).click()
      await expect(sheet).toHaveCount(0)
      await page.getByRole('row').filter({ hasText: words.waiting }).getByRole('button', { name: title, exact: true }).click()
      await sheet.getByLabel(words.check, { exact: true }).fill('SMS')
      await sheet.getByRole('button', { name: words.checked }).click()
    }
    await enter('copy', lang === 'zh' ? '复制' : 'Copy')
    await sheet.getByRole('button', { name: words.copy }).click()
    await expect(sheet.locator('.zk-archive-password')).not.toBeEmpty()
    const [file] = await Promise.all([page.waitForEvent('download'), sheet.getByRole('link', { name: words.download }).click()])
    expect(file.suggestedFilename()).toMatch(/^zhike-person-.*\.zip$/)

    await enter('correction', lang === 'zh' ? '更正、补充' : 'Correction')
    await sheet.getByRole('link', { name: words.toCorrect }).click()
    await page.getByLabel(words.field, { exact: true }).selectOption('city')
    await page.getByLabel(words.value, { exact: true }).fill('宁波')
    await page.getByRole('button', { name: words.correct, exact: true }).click()
    await expect(page.getByText(words.corrected)).toBeVisible()
    await expect(page.getByText('宁波市').first()).toBeVisible()
    await page.getByRole('button', { name: words.withdrawCorrection }).click()
    await expect(page.getByText(words.corrected)).toHaveCount(0)
  })
}
