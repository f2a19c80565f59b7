// Keys are disabled and enabled again, when nothing else is running: meanwhile no customer can be read.
import { AxeBuilder } from '@axe-core/playwright'
import { expect, open, SHOTS, test } from './console'

const WORDS = {
  zh: { disable: '停用密钥', enable: '启用密钥', reason: '理由（记入审计）', banner: '数据密钥已停用。', inUse: '密钥正常使用中' },
  en: { disable: 'Disable keys', enable: 'Enable keys', reason: 'Reason (on record)', banner: "Keys of customers' data are disabled.", inUse: 'The keys are in use' },
} as const

for (const lang of ['zh', 'en'] as const) {
  const words = WORDS[lang]

  test(`keys are disabled and enabled (${lang})`, async ({ page }) => {
    await open(page, '/governance/keys', lang)
    await expect(page.getByText(words.inUse)).toBeVisible()
    const act = async (name: string) => {
      const button = page.getByRole('button', { name, exact: true })
      await expect(button).toBeDisabled()
      await page.getByLabel(words.reason, { exact: true }).fill('e2e')
      await button.click()
      await page.getByRole('tooltip').getByRole('button', { name }).click()
    }
    try {
      await act(words.disable)
      await expect(page.getByText(words.banner)).toBeVisible()
      const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']).analyze()
      expect(violations).toEqual([])
      await page.screenshot({ path: `${SHOTS}/e2e-keys-${lang}.png`, fullPage: true })
      await act(words.enable)
      await expect(page.getByText(words.inUse)).toBeVisible()
      await expect(page.getByText(words.banner)).toHaveCount(0)
    } finally {
      // Whatever went wrong: the other paths need them.
      await page.request.post('/api/v1/encryption-keys/enable', { headers: { 'x-zhike-request': '1' }, data: { epoch: null, reason: 'e2e' } })
    }
  })
}
