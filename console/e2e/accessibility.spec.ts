import { AxeBuilder } from '@axe-core/playwright'
import { expect, open, test } from './console'

const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']
const PATHS = ['/', '/?view=table', '/customers', 'profile', '/data/imports', '/data/imports/new', 'report']

for (const [lang, scheme] of [['zh', 'light'], ['zh', 'dark'], ['en', 'light']] as const) {
  for (const path of PATHS) {
    test(`${path} has no violation (${lang}, ${scheme})`, async ({ page }) => {
      const start = path === 'profile' ? '/customers' : path === 'report' ? '/data/imports' : path
      await open(page, start, lang, scheme)
      if (start !== path) {
        await page.locator(path === 'profile' ? '.zk-person' : '.zk-file').first().click()
        await expect(page.locator('.zk-card h2').nth(2)).toBeVisible()
        await page.waitForLoadState('networkidle')
      }
      const { violations } = await new AxeBuilder({ page }).withTags(TAGS).analyze()
      expect(violations.map(({ id, nodes }) => [id, ...nodes.slice(0, 4).map((node) => `${node.target.join(' ')}: ${node.failureSummary ?? ''}`)])).toEqual([])
    })
  }
}
