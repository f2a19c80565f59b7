// The audit trail says who did what; a large export waits for a second person, who approves it; the file is made once.
import { request } from '@playwright/test'
import { expect, open, SHOTS, test } from './console'
import { PASSWORD } from './setup'

const WORDS = {
  zh: { whole: /链完整 ✓/, who: '谁', filter: '筛选', action: '操作', sign_in: '登录', unmarked: '没有找到标记', around: '±5′', approve: '同意', approved: '已同意', make: '生成加密文件', password: /解压密码/, download: '下载', approvals: /^审批/, why: '理由', ask: '申请查看（须审批）', see: '查看明文（仅一次）' },
  en: { whole: /Whole ✓/, who: 'Who', filter: 'Filter', action: 'Action', sign_in: 'sign in', unmarked: 'No mark was found', around: '±5′', approve: 'Approve', approved: 'Approved', make: 'Make the encrypted file', password: /Password of the archive/, download: 'Download', approvals: /^Approvals/, why: 'Reason', ask: 'Ask to see (needs approval)', see: 'Show in the clear (once)' },
} as const

const HEAD = { 'x-zhike-request': '1' }

for (const lang of ['zh', 'en'] as const) {
  const words = WORDS[lang]

  test(`the trail is read, filtered and verified (${lang})`, async ({ page }) => {
    await open(page, '/governance/audit', lang)
    await expect(page.getByText(words.whole)).toBeVisible()
    await page.getByLabel(words.action, { exact: true }).selectOption({ label: words.sign_in })
    await page.getByRole('button', { name: words.filter, exact: true }).click()
    await expect(page).toHaveURL(/action=account\.sign_in/)
    const rows = page.locator('tbody tr')
    await expect(rows.first()).toContainText(words.sign_in)
    await expect(rows.filter({ hasNotText: words.sign_in })).toHaveCount(0)
    await page.screenshot({ path: `${SHOTS}/e2e-audit-${lang}.png` })
    await page.getByRole('link', { name: words.around }).first().click()
    await expect(page).toHaveURL(/since=.*until=|until=.*since=/)
    await expect(page.getByLabel(words.who, { exact: true })).not.toHaveValue('')
    await page.locator('input[type=file]').setInputFiles({ name: 'a.txt', mimeType: 'text/plain', buffer: Buffer.from('prf_0000000000001, not of here') })
    await expect(page.getByText(words.unmarked)).toBeVisible()
  })

  test(`a large export is approved by a second person (${lang})`, async ({ page, browser, baseURL }) => {
    const budgets = (await (await page.request.get('/api/v1/budgets')).json()) as { export_rows: number }
    await page.request.put('/api/v1/budgets', { headers: HEAD, data: { ...budgets, export_rows: 5 } })
    try {
      const reason = `check ${Date.now().toString(36)}`
      const asked = await page.request.post('/api/v1/exports', { headers: HEAD, data: { what: 'customers', format: 'csv', purpose: 'service', reason, rule: { all: [] } } })
      const { approval_id, export_id } = (await asked.json()) as { approval_id: string; export_id: string | null }
      expect([asked.status(), export_id]).toEqual([202, null])

      const name = `sec-${lang}-${Date.now().toString(36)}`
      const made = (await (await page.request.post('/api/v1/users', { headers: HEAD, data: { name, roles: ['security_admin'] } })).json()) as { password: string }
      const api = await request.newContext({ baseURL: baseURL ?? '', extraHTTPHeaders: HEAD })
      await api.post('/api/v1/session', { data: { name, password: made.password } })
      expect((await api.put('/api/v1/account/password', { data: { old: made.password, new: PASSWORD } })).status()).toBe(204)
      const context = await browser.newContext({ baseURL: baseURL ?? '', storageState: await api.storageState() })
      const theirs = await context.newPage()
      await open(theirs, `/governance/approvals?approval=${approval_id}`, lang)
      await expect(theirs.getByRole('link', { name: words.approvals })).toContainText(/\d/)
      await theirs.screenshot({ path: `${SHOTS}/e2e-approval-${lang}.png` })
      await theirs.getByRole('button', { name: words.approve, exact: true }).click()
      await expect(theirs.locator('dialog[open] .zk-facts')).toContainText(words.approved)
      await context.close()
      await api.dispose()

      await open(page, `/governance/approvals?approval=${approval_id}`, lang)
      await page.getByRole('button', { name: words.make, exact: true }).click()
      await expect(page.getByText(words.password)).toBeVisible()
      await expect(page.locator('.zk-archive-password')).toHaveText(/^[0-9a-z]{20}$/)
      const waiting = page.waitForEvent('download')
      await page.getByRole('link', { name: words.download, exact: true }).click()
      expect((await waiting).suggestedFilename()).toMatch(/\.csv\.zip$/)
    } finally {
      await page.request.put('/api/v1/budgets', { headers: HEAD, data: budgets })
    }
  })

  test(`a look in the clear is approved by a second person (${lang})`, async ({ page, browser, baseURL }) => {
    const name = `ana-${lang}-${Date.now().toString(36)}`
    const made = (await (await page.request.post('/api/v1/users', { headers: HEAD, data: { name, roles: ['analyst'] } })).json()) as { password: string }
    const api = await request.newContext({ baseURL: baseURL ?? '', extraHTTPHeaders: HEAD })
    await api.post('/api/v1/session', { data: { name, password: made.password } })
    expect((await api.put('/api/v1/account/password', { data: { old: made.password, new: PASSWORD } })).status()).toBe(204)
    const context = await browser.newContext({ baseURL: baseURL ?? '', storageState: await api.storageState() })
    const theirs = await context.newPage()
    const { items } = (await (await api.get('/api/v1/profiles?limit=1')).json()) as { items: { profile_id: string }[] }
    await open(theirs, `/customers/${items[0]?.profile_id ?? ''}?tab=acts`, lang)
    await theirs.getByLabel(words.why, { exact: true }).fill('check of an address')
    await theirs.getByRole('button', { name: words.ask, exact: true }).click()
    await theirs.getByRole('status').getByRole('link', { name: words.approvals }).click()
    await expect(theirs).toHaveURL(/approval=apr_/)
    const address = theirs.url()

    await open(page, new URL(address).pathname + new URL(address).search, lang)
    await page.getByRole('button', { name: words.approve, exact: true }).click()
    await expect(page.locator('dialog[open] .zk-facts')).toContainText(words.approved)
    await theirs.reload()
    await theirs.getByRole('button', { name: words.see, exact: true }).click()
    await expect(theirs.locator('dialog[open] [role=status] dd').first()).toBeVisible()
    await theirs.screenshot({ path: `${SHOTS}/e2e-look-${lang}.png` })
    await expect(theirs.getByRole('button', { name: words.see, exact: true })).toHaveCount(0)
    await context.close()
    await api.dispose()
  })
}
