// An administrator adds somebody; they come in with the one-time password, choose their own, see what their role may, and
// leave. A session that ends leaves what was not saved where it was.
import { AxeBuilder } from '@axe-core/playwright'
import type { Browser, Page } from '@playwright/test'
import { expect, open, SHOTS, test } from './console'

const WORDS = {
  zh: {
    add: '添加用户', name: '用户名', make: '添加', role: '运营', oneTime: '一次性密码', noted: '已记下', password: '密码', old: '一次性密码', fresh: '新密码', again: '再输入一次新密码', signIn: '登录', wrong: '用户名或密码不正确。',
    change: '修改密码', segments: '分群', imports: '导入', users: '用户', forbidden: '没有权限打开这个页面', who: '你的角色是：运营', exported: '导出', account: /^账号/, signOut: '退出登录', ended: '登录已结束', segment: '名称', search: /搜索/, make_key: '创建密钥', key: '名称', figures: /figures\.read/,
  },
  en: {
    add: 'Add a user', name: 'User name', make: 'Add', role: 'Operator', oneTime: 'One-time password', noted: 'I have noted it', password: 'Password', old: 'One-time password', fresh: 'New password', again: 'New password again', signIn: 'Sign in', wrong: 'The user name or password is not right.',
    change: 'Change password', segments: 'Segments', imports: 'Imports', users: 'Users', forbidden: 'You may not open this page', who: 'Your role: Operator', exported: 'Export', account: /^Account/, signOut: 'Sign out', ended: 'You have been signed out', segment: 'Name', search: /Search/, make_key: 'Make a key', key: 'Name', figures: /figures\.read/,
  },
} as const
type Words = (typeof WORDS)[keyof typeof WORDS]

const OWN = 'Lotus-river-42-bridge'

/** Somebody else at another computer. */
async function stranger(browser: Browser, baseURL: string | undefined): Promise<Page> {
  const context = await browser.newContext({ storageState: { cookies: [], origins: [] }, ...(baseURL ? { baseURL } : {}), reducedMotion: 'reduce', locale: 'zh-CN', viewport: { width: 1280, height: 900 } })
  return context.newPage()
}

async function expectAccessible(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']).analyze()
  expect(violations.map(({ id, nodes }) => [id, nodes[0]?.target.join(' '), nodes[0]?.failureSummary])).toEqual([])
}

async function enter(page: Page, words: Words, name: string, password: string): Promise<void> {
  await page.getByLabel(words.name, { exact: true }).fill(name)
  await page.getByLabel(words.password, { exact: true }).fill(password)
  await page.getByRole('button', { name: words.signIn, exact: true }).click()
}

/** The administrator adds an operator; gives the one-time password. */
async function add(page: Page, words: Words, lang: 'zh' | 'en', name: string): Promise<string> {
  await open(page, '/governance/users', lang)
  await page.getByRole('button', { name: words.add }).click()
  await page.getByLabel(words.name, { exact: true }).fill(name)
  await page.getByLabel(words.role, { exact: true }).check()
  await expectAccessible(page)
  await page.getByRole('button', { name: words.make, exact: true }).click()
  const once = page.locator('.zk-shown-once')
  await expect(once).toContainText(words.oneTime)
  await page.screenshot({ path: `${SHOTS}/e2e-user-added-${lang}.png` })
  const password = (await once.locator('code').textContent()) ?? ''
  expect(password.length).toBeGreaterThan(11)
  await page.getByRole('button', { name: words.noted }).click()
  await expect(page.getByText(password)).toHaveCount(0)
  await expect(page.getByRole('row', { name: new RegExp(name) })).toContainText(words.role)
  return password
}

/** Chooses an own password where nothing else is offered. */
async function choose(page: Page, words: Words, password: string): Promise<void> {
  await page.getByLabel(words.old, { exact: true }).fill(password)
  await page.getByLabel(words.fresh, { exact: true }).fill(OWN)
  await page.getByLabel(words.again, { exact: true }).fill(OWN)
  await page.getByRole('button', { name: words.change }).click()
}

for (const lang of ['zh', 'en'] as const) {
  const words = WORDS[lang]

  test(`somebody is added, comes in, sees what the role may, and leaves (${lang})`, async ({ page, browser, baseURL }) => {
    const name = `op-${lang}-${Date.now().toString(36)}`
    const password = await add(page, words, lang, name)
    const theirs = await stranger(browser, baseURL)

    // No page without a name; the way back is kept.
    await open(theirs, '/customers/segments?q=a', lang)
    await expect(theirs).toHaveURL(/\/sign-in\?to=/)
    await expectAccessible(theirs)
    await enter(theirs, words, name, 'not the password')
    await expect(theirs.getByRole('alert')).toHaveText(words.wrong)
    await theirs.screenshot({ path: `${SHOTS}/e2e-sign-in-${lang}.png` })
    await enter(theirs, words, name, password)

    // With a one-time password there is one thing to do.
    await expect(theirs).toHaveURL(/\/account$/)
    await expectAccessible(theirs)
    await theirs.goto('/customers')
    await expect(theirs).toHaveURL(/\/account$/)
    await choose(theirs, words, password)
    await expect(theirs).not.toHaveURL(/\/account/)

    // What the role may, and nothing else.
    const menu = theirs.getByRole('navigation').first()
    await expect(menu.getByRole('link', { name: words.segments, exact: true })).toBeVisible()
    await expect(menu.getByRole('link', { name: words.imports, exact: true })).toHaveCount(0)
    await expect(menu.getByRole('link', { name: words.users, exact: true })).toHaveCount(0)
    await theirs.goto('/customers')
    await expect(theirs.locator('.zk-list-bar button').first()).toBeVisible()
    await expect(theirs.getByRole('button', { name: words.exported, exact: true })).toHaveCount(0)
    await theirs.goto('/governance/users')
    await expect(theirs.getByRole('heading', { level: 1, name: words.forbidden })).toBeVisible()
    await expect(theirs.getByText(words.who)).toBeVisible()
    await expect(theirs.getByText('users.read', { exact: true })).toBeVisible()
    await expectAccessible(theirs)
    await theirs.screenshot({ path: `${SHOTS}/e2e-forbidden-${lang}.png` })

    // Out, and the old address leads to the way in and back.
    await theirs.getByRole('button', { name: words.account }).click()
    await expectAccessible(theirs)
    await theirs.getByRole('button', { name: words.signOut }).click()
    await expect(theirs).toHaveURL(/\/sign-in$/)
    await theirs.goto('/customers/segments?q=a')
    await enter(theirs, words, name, OWN)
    await expect(theirs).toHaveURL(/\/customers\/segments\?q=a$/)
    await theirs.context().close()
  })

  test(`a session that ends keeps what was not saved (${lang})`, async ({ page, browser, baseURL }) => {
    const name = `keep-${lang}-${Date.now().toString(36)}`
    const password = await add(page, words, lang, name)
    const theirs = await stranger(browser, baseURL)
    await open(theirs, '/sign-in', lang)
    await enter(theirs, words, name, password)
    await choose(theirs, words, password)
    await expect(theirs).not.toHaveURL(/\/account/)
    await theirs.goto('/customers/segments/new')
    await theirs.getByLabel(words.segment, { exact: true }).fill('not saved yet')

    await theirs.context().request.delete('/api/v1/session', { headers: { 'x-zhike-request': '1' } })
    await theirs.keyboard.press('Control+k')
    await theirs.locator('.zk-command-input').fill('13800000000')
    await theirs.keyboard.press('Enter')
    const cover = theirs.getByRole('dialog', { name: words.ended })
    await expect(cover).toBeVisible()
    await expectAccessible(theirs)
    await theirs.screenshot({ path: `${SHOTS}/e2e-ended-${lang}.png` })
    await theirs.keyboard.press('Escape')
    await expect(cover).toBeVisible()
    await cover.getByLabel(words.password, { exact: true }).fill(OWN)
    await cover.getByRole('button', { name: words.signIn, exact: true }).click()
    await expect(cover).toHaveCount(0)
    await theirs.keyboard.press('Escape')
    await expect(theirs.getByLabel(words.segment, { exact: true })).toHaveValue('not saved yet')
    await theirs.context().close()
  })

  test(`a key is made, shown once, used and revoked (${lang})`, async ({ page, playwright, baseURL }) => {
    await open(page, '/governance/api-keys', lang)
    const name = `key-${Date.now().toString(36)}`
    await page.getByRole('button', { name: words.make_key }).click()
    await page.getByLabel(words.key, { exact: true }).fill(name)
    await page.getByLabel(words.figures).check()
    await expectAccessible(page)
    await page.getByRole('button', { name: words.make_key }).click()
    const once = page.locator('.zk-shown-once code')
    await expect(once).toHaveText(/^zk_/)
    const key = (await once.textContent()) ?? ''
    const program = await playwright.request.newContext({ ...(baseURL ? { baseURL } : {}), storageState: { cookies: [], origins: [] }, extraHTTPHeaders: { authorization: `Bearer ${key}` } })
    expect((await program.get('/api/v1/rfm')).status()).toBe(200)
    expect((await program.get('/api/v1/users')).status()).toBe(403)
    await page.getByRole('button', { name: words.noted }).click()
    await page.getByRole('row', { name: new RegExp(name) }).getByRole('button').click()
    await page.locator('.ant-popconfirm .ant-btn-primary').click()
    await expect(page.getByRole('row', { name: new RegExp(name) })).toHaveCount(0)
    expect((await program.get('/api/v1/rfm')).status()).toBe(401)
  })
}
