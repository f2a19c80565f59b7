// People sign in by an identity provider, through its own pages; whoever has no group there has no account here.
import { spawn, type ChildProcess } from 'node:child_process'

import { AxeBuilder } from '@axe-core/playwright'
import type { Browser, Page } from '@playwright/test'
import { expect, open, SHOTS, test } from './console'

const WORDS = {
  zh: { button: '使用 Corp 登录', account: /^账号/, signOut: '退出登录', noAccount: '没有与之关联且可用的账号', hooks: '事件通知', issuer: '签发者地址（Issuer）', client: '客户端编号（Client ID）', key: '客户端密钥', label: '登录页上的名称', claim: '分组所在的声明（Claim）', map: '分组与角色（每行一个：分组 = 角色）', rows: '各分组看得到的客户', provinces: '省份', creates: '首次登录自动创建账号，只授予映射的角色', saved: '已保存', off: '停用单点登录', urls: '通知地址（每行一个）', save: '保存', secret: /签名密钥/, noted: '已记下', trial: '发送测试通知', status: '对方返回状态码 404' },
  en: { button: 'Sign in with Corp', account: /^Account/, signOut: 'Sign out', noAccount: 'no account that may sign in is linked', hooks: 'Notices', issuer: 'Issuer', client: 'Client id', key: 'Client secret', label: 'Name on the sign-in page', claim: 'Claim that names groups', map: 'Groups and roles (one a line: group = role)', rows: 'Customers that groups see', provinces: 'Provinces', creates: 'A first sign-in makes an account, with mapped roles only', saved: 'Saved', off: 'Switch single sign-on off', urls: 'Addresses (one a line)', save: 'Save', secret: /Secret of the signature/, noted: 'I have noted it', trial: 'Send a test notice', status: 'answered with status 404' },
} as const

const HEAD = { 'x-zhike-request': '1' }
const PORT = process.env.ZHIKE_PROVIDER_PORT ?? '7790'
const ISSUER = `http://127.0.0.1:${PORT}`
let provider: ChildProcess

test.beforeAll(async ({ baseURL }) => {
  provider = spawn(process.execPath, ['e2e/provider.mjs', PORT, `${baseURL ?? ''}/api/v1/session/oidc/callback`], { stdio: ['ignore', 'pipe', 'inherit'] })
  await new Promise((ready, failed) => {
    provider.stdout?.on('data', (text: Buffer) => {
      if (text.toString().includes('ready')) ready(undefined)
    })
    provider.once('exit', failed)
  })
})

test.afterAll(() => {
  provider.kill()
})

async function stranger(browser: Browser, baseURL: string | undefined): Promise<Page> {
  const context = await browser.newContext({ storageState: { cookies: [], origins: [] }, ...(baseURL ? { baseURL } : {}), reducedMotion: 'reduce', viewport: { width: 1280, height: 900 } })
  return context.newPage()
}

/** Through the pages of the provider: name, any password, consent. */
async function throughProvider(page: Page, name: string): Promise<void> {
  await page.waitForURL(`${ISSUER}/interaction/**`)
  await page.locator('input[name=login]').fill(name)
  await page.locator('input[name=password]').fill('whatever')
  await page.locator('button[type=submit]').click()
  await page.locator('input[name=login]').waitFor({ state: 'detached' })
  await page.locator('button[type=submit]').click()
}

for (const lang of ['zh', 'en'] as const) {
  const words = WORDS[lang]

  test(`people sign in by the provider (${lang})`, async ({ page, browser, baseURL }) => {
    await open(page, '/governance/sso', lang)
    await page.getByLabel(words.issuer).fill(ISSUER)
    await page.getByLabel(words.client).fill('zhike')
    await page.getByLabel(words.key).fill('a secret of the tests')
    await page.getByLabel(words.label).fill('Corp')
    await page.getByLabel(words.claim).fill('groups')
    await page.getByLabel(words.map).fill('stats = boss')
    await expect(page.getByRole('button', { name: words.save, exact: true })).toBeDisabled()
    await page.getByLabel(words.map).fill('stats = analyst')
    await page.locator('summary').filter({ hasText: words.rows }).click()
    await page.getByLabel(words.provinces, { exact: true }).fill('浙江')
    await page.keyboard.press('Enter')
    await page.getByLabel(words.creates).check()
    await page.getByRole('button', { name: words.save, exact: true }).click()
    await expect(page.getByRole('button', { name: words.off })).toBeVisible()
    await page.screenshot({ path: `${SHOTS}/e2e-sso-settings-${lang}.png`, fullPage: true })
    expect(await (await page.request.get('/api/v1/sso')).json()).toMatchObject({ provider: { has_secret: true, role_map: { stats: 'analyst' }, scope_map: { stats: { provinces: ['浙江'], stores: [] } }, creates: true } })
    try {
      const name = `li-${lang}-${Date.now().toString(36)}`
      const theirs = await stranger(browser, baseURL)
      await open(theirs, '/sign-in', lang)
      const { violations } = await new AxeBuilder({ page: theirs }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']).analyze()
      expect(violations).toEqual([])
      await theirs.screenshot({ path: `${SHOTS}/e2e-sso-${lang}.png` })
      await theirs.getByRole('link', { name: words.button }).click()
      await throughProvider(theirs, name)
      await theirs.waitForURL(`${baseURL ?? ''}/**`)
      await expect(theirs.getByRole('button', { name: words.account })).toHaveAccessibleName(new RegExp(name))
      const session = (await (await theirs.request.get('/api/v1/session')).json()) as { user: { name: string; roles: string[]; provinces: string[] } }
      expect(session.user).toMatchObject({ name, roles: ['analyst'], provinces: ['浙江'] })
      // Out, and in again: the provider remembers.
      await theirs.getByRole('button', { name: words.account }).click()
      await theirs.getByText(words.signOut).click()
      await theirs.getByRole('link', { name: words.button }).click()
      await expect(theirs.getByRole('button', { name: words.account })).toHaveAccessibleName(new RegExp(name))
      await theirs.context().close()

      const nobody = await stranger(browser, baseURL)
      await open(nobody, '/sign-in', lang)
      await nobody.getByRole('link', { name: words.button }).click()
      await throughProvider(nobody, `nobody-${lang}`)
      await nobody.waitForURL('**/sign-in?sso=sso_no_account')
      await expect(nobody.getByText(words.noAccount)).toBeVisible()
      await nobody.context().close()
    } finally {
      await page.getByRole('button', { name: words.off }).click()
      await page.getByRole('tooltip').getByRole('button', { name: words.off }).click()
      await expect(page.getByRole('button', { name: words.off })).toHaveCount(0)
    }
  })

  test(`an address is told of incidents (${lang})`, async ({ page }) => {
    await open(page, '/governance/incidents', lang)
    await page.getByLabel(words.urls).fill(`${ISSUER}/no-hook`)
    await page.getByRole('button', { name: words.save, exact: true }).click()
    await expect(page.getByText(words.secret)).toBeVisible()
    await page.getByRole('button', { name: words.noted }).click()
    await page.getByRole('button', { name: words.trial }).click()
    await expect(page.getByText(words.status)).toBeVisible()
    await page.screenshot({ path: `${SHOTS}/e2e-incident-hooks-${lang}.png`, fullPage: true })
    const none = await page.request.put('/api/v1/incident-hooks', { headers: HEAD, data: { urls: [] } })
    expect(await none.json()).toMatchObject({ items: [], secret: null })
  })
}
