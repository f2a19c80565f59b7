// Periods and holds are set and a purge is previewed; budgets are changed by the security administrator, who reads of the trail
// what is about access; approvals stand in the menu of those whom they concern.
import { request, type Browser } from '@playwright/test'
import { expect, open, SHOTS, test } from './console'
import { PASSWORD } from './setup'

const WORDS = {
  zh: { preview: '清理预览', events: '行为事件', days: '保存天数', save: '保存', hold: '新建留存指令', on: '对象', reason: '理由', lift: '解除', held: '留存中', rows: '客户数据行数 · 每天', classes: '数据类别（明文）', contact: '身份与联系方式 · 每天', approvals: /^审批/, audit: '审计', budgets: '导出额度', analyst: '分析师', only: /全部记录由审计管理员查看/ },
  en: { preview: 'What a purge would do', events: 'Events', days: 'Days kept', save: 'Save', hold: 'New hold', on: 'On', reason: 'Reason', lift: 'Lift', held: 'On hold', rows: 'Rows about customers · a day', classes: 'Classes of data (in the clear)', contact: 'Identity and contact · a day', approvals: /^Approvals/, audit: 'Audit', budgets: 'Data budgets', analyst: 'Analyst', only: /the audit administrator reads the whole trail/ },
} as const

const HEAD = { 'x-zhike-request': '1' }

type Admin = { page: { request: { post: (path: string, options: object) => Promise<{ json: () => Promise<unknown> }> } }; browser: Browser; baseURL: string | undefined }

/** Somebody with a role, signed in; their page. */
async function hire({ page, browser, baseURL }: Admin, role: string, name: string) {
  const made = (await (await page.request.post('/api/v1/users', { headers: HEAD, data: { name, roles: [role] } })).json()) as { password: string }
  const api = await request.newContext({ baseURL: baseURL ?? '', extraHTTPHeaders: HEAD })
  await api.post('/api/v1/session', { data: { name, password: made.password } })
  expect((await api.put('/api/v1/account/password', { data: { old: made.password, new: PASSWORD } })).status()).toBe(204)
  const context = await browser.newContext({ baseURL: baseURL ?? '', storageState: await api.storageState() })
  return { page: await context.newPage(), api, close: () => Promise.all([context.close(), api.dispose()]) }
}

for (const lang of ['zh', 'en'] as const) {
  const words = WORDS[lang]

  test(`a period is set, a class is held, a purge is previewed (${lang})`, async ({ page }) => {
    await open(page, '/governance/retention', lang)
    await page.getByRole('button', { name: words.events, exact: true }).click()
    const days = lang === 'zh' ? '731' : '732'
    await page.getByLabel(words.days, { exact: true }).fill(days)
    await page.getByRole('button', { name: words.save, exact: true }).click()
    await expect(page.locator('dialog[open]')).toHaveCount(0)
    await expect(page.locator('tbody tr').filter({ hasText: words.events }).first()).toContainText(days)
    await page.screenshot({ path: `${SHOTS}/e2e-retention-${lang}.png`, fullPage: true })

    await page.getByRole('button', { name: words.hold, exact: true }).click()
    await page.getByLabel(words.on, { exact: true }).selectOption('events')
    await page.getByLabel(words.reason, { exact: true }).fill(`check ${lang}`)
    await page.getByRole('button', { name: words.save, exact: true }).click()
    const preview = page.getByRole('region', { name: words.preview })
    await expect(preview.locator('tbody tr').filter({ hasText: 'events' })).toContainText(words.held)
    await page.getByRole('button', { name: words.lift, exact: true }).click()
    await page.getByRole('tooltip').getByRole('button', { name: words.lift }).click()
    await expect(preview.locator('tbody tr').filter({ hasText: 'events' })).not.toContainText(words.held)
  })

  test(`the security administrator changes a budget and reads what is about access (${lang})`, async ({ page, browser, baseURL }) => {
    const budgets = (await (await page.request.get('/api/v1/budgets')).json()) as object
    await page.request.get('/api/v1/profiles?limit=1')
    const theirs = await hire({ page, browser, baseURL }, 'security_admin', `keep-${lang}-${Date.now().toString(36)}`)
    try {
      await open(theirs.page, '/governance/budgets', lang)
      await expect(theirs.page.getByRole('link', { name: words.approvals })).toBeVisible()
      await theirs.page.screenshot({ path: `${SHOTS}/e2e-budgets-${lang}.png`, fullPage: true })
      await theirs.page.getByRole('button', { name: words.analyst, exact: true }).click()
      await theirs.page.getByLabel(words.rows, { exact: true }).fill('9999')
      await theirs.page.locator('dialog[open] summary').filter({ hasText: words.classes }).click()
      await theirs.page.getByLabel(words.contact, { exact: true }).fill('777')
      await theirs.page.screenshot({ path: `${SHOTS}/e2e-budget-form-${lang}.png` })
      await theirs.page.getByRole('button', { name: words.save, exact: true }).click()
      await expect(theirs.page.locator('tbody tr').filter({ hasText: words.analyst }).first()).toContainText('9,999')
      await expect(theirs.page.locator('tbody tr').filter({ hasText: words.analyst }).first()).toContainText('777')
      await theirs.page.getByRole('link', { name: words.audit, exact: true }).click()
      await expect(theirs.page.getByText(words.only)).toBeVisible()
      // At night the change opens an incident, which then stands before it.
      await expect(theirs.page.locator('tbody').locator('[title="policy.change"]').first()).toBeVisible()
      await expect(theirs.page.locator('tbody').locator('[title^="user.create"], [title^="backup."], [title^="profile."]')).toHaveCount(0)
    } finally {
      await page.request.put('/api/v1/budgets', { headers: HEAD, data: budgets })
      await theirs.close()
    }
  })

  test(`approvals stand in the menu once somebody has asked (${lang})`, async ({ page, browser, baseURL }) => {
    const budgets = (await (await page.request.get('/api/v1/budgets')).json()) as { export_rows: number }
    await page.request.put('/api/v1/budgets', { headers: HEAD, data: { ...budgets, export_rows: 5 } })
    const theirs = await hire({ page, browser, baseURL }, 'analyst', `ask-${lang}-${Date.now().toString(36)}`)
    try {
      await open(theirs.page, '/insight/kpis', lang)
      await expect(theirs.page.getByRole('link', { name: words.approvals })).toHaveCount(0)
      const asked = await theirs.api.post('/api/v1/exports', { data: { what: 'customers', format: 'csv', purpose: 'service', reason: 'check', rule: { all: [] } } })
      expect(asked.status()).toBe(202)
      await open(theirs.page, '/insight/kpis', lang)
      await expect(theirs.page.getByRole('link', { name: words.approvals })).toBeVisible()
    } finally {
      await page.request.put('/api/v1/budgets', { headers: HEAD, data: budgets })
      await theirs.close()
    }
  })
}

for (const lang of ['zh', 'en'] as const) {
  test(`what nobody graded is graded in one go (${lang})`, async ({ page }) => {
    const stamp = `mood_${lang}_${Date.now().toString(36)}`
    const made = (await (await page.request.post('/api/v1/sources', { headers: HEAD, data: { name: stamp } })).json()) as { write_key: string }
    const basic = { authorization: `Basic ${Buffer.from(`${made.write_key}:`).toString('base64')}` }
    const sent = await page.request.post('/v1/track', { headers: basic, data: { messageId: stamp, anonymousId: stamp, event: 'Rated', properties: { [stamp]: 5 } } })
    expect(sent.status()).toBe(200)
    await expect.poll(async () => JSON.stringify(await (await page.request.get('/api/v1/grades')).json()), { timeout: 20_000 }).toContain(stamp)
    await open(page, '/governance/grades', lang)
    const row = page.locator('tbody tr').filter({ hasText: 'Rated' }).filter({ has: page.locator('code', { hasText: stamp }) })
    await expect(row).toHaveCount(1)
    await page.getByRole('button', { name: lang === 'zh' ? /采用建议/ : /Take suggestions/ }).click()
    await page.screenshot({ path: `${SHOTS}/e2e-grades-${lang}.png`, fullPage: true })
    await page.getByRole('button', { name: lang === 'zh' ? /^保存/ : /^Save/ }).click()
    await expect(row).toContainText(lang === 'zh' ? '人工声明' : 'declared here')
    await expect(row.getByRole('combobox').nth(1)).toHaveValue('2')
  })
}
