// Alerts on the demo data: listed, and who is told of them; a mail host inside that nobody named is refused.
import { AxeBuilder } from '@axe-core/playwright'
import { expect, open, SHOTS, test } from './console'

test.use({ allowed: [/422/] })

const WORDS = {
  zh: { title: '提醒', none: /没有待处理的提醒|标为已处理/, all: '全部', hooks: '通知地址', mail: '邮件通知', host: '邮件服务器', port: '端口', from: '发件人邮箱', to: /^收件人邮箱/, tls: '加密方式', clear: '不加密（仅限本机）', save: /^保\s?存$/, test: '发送测试邮件', refused: '内部地址', quality: '数据源异常' },
  en: { title: 'Alerts', none: /Nothing to be seen to|Seen to/, all: 'All', hooks: 'Addresses', mail: 'Mail', host: 'Mail host', port: 'Port', from: 'Sender', to: /^Recipients/, tls: 'Encryption', clear: 'None (this machine only)', save: 'Save', test: 'Send a test mail', refused: 'an address inside', quality: 'Unusual days of sources' },
} as const

for (const lang of ['zh', 'en'] as const) {
  const words = WORDS[lang]
  test(`alerts are listed, and who is told is set (${lang})`, async ({ page }) => {
    await open(page, '/alerts', lang)
    await expect(page.getByRole('heading', { name: words.title, level: 1 })).toBeVisible()
    await expect(page.getByText(words.none).first()).toBeVisible()
    expect((await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa']).analyze()).violations).toEqual([])
    await page.screenshot({ path: `${SHOTS}/e2e-alerts-${lang}.png`, fullPage: true })
    await page.getByText(words.all, { exact: true }).first().click()
    await expect(page).toHaveURL(/all=true/)
    await page.goBack()
    await expect(page).not.toHaveURL(/all=true/)

    // A host inside that the operator did not name is refused, in words.
    const mail = page.getByRole('region', { name: words.mail })
    await mail.getByLabel(words.host).fill('127.0.0.1')
    await mail.getByRole('combobox', { name: words.tls }).click()
    await page.locator('.ant-select-dropdown:visible').getByTitle(words.clear, { exact: true }).click()
    await mail.getByLabel(words.port).fill('25')
    await mail.getByLabel(words.from).fill('zhike@example.com')
    await mail.getByLabel(words.to).fill('li.lei@example.com\nhan@example.com')
    await mail.getByRole('button', { name: words.save }).click()
    await expect(mail.getByText(words.refused)).toBeVisible()
    await page.screenshot({ path: `${SHOTS}/e2e-alerts-mail-${lang}.png`, fullPage: true })

    await open(page, '/data/quality', lang)
    await expect(page.getByRole('region', { name: words.quality })).toBeVisible()
  })
}
