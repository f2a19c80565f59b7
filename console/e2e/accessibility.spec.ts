import { AxeBuilder } from '@axe-core/playwright'
import { expect, open, test } from './console'

const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']
const FILE = { name: 'a.csv', mimeType: 'text/csv', buffer: Buffer.from('order_id,ordered_at,order date,phone,amount,note\n1,2026-01-02,02/03/2026,13900001111,9.90,\n') }
const PATHS = ['/', '/?view=table', '/customers', '/customers?behind=orders&from=2011-08-01&to=2011-08-31', 'profile', '/customers/segments', '/customers/segments/new', '/customers/tags', '/customers/tags/price_band', '/customers/tags/new', '/customers/tags/new?kind=manual', '/insight/kpis', '/insight/kpis/net_sales?by=quarter', '/insight/kpis/new_customers?view=table&period=2011-03', '/insight/rfm', '/insight/rfm?view=table', '/insight/rfm?rules=true', '/insight/migration?view=table', '/insight/funnel', '/insight/retention', '/insight/life', '/insight/paths', '/insight/goods', '/insight/goods?tab=next', '/insight/goods?tab=wanted', '/engage/campaigns', '/engage/campaigns?tab=attribution', '/engage/campaigns?tab=effect', '/engage/campaigns?tab=budget', '/engage/campaigns?tab=coupons', '/insight/value', '/insight/value?settings=true', '/insight/groups', '/data/models', '/data/quality', '/data/identity', 'identities', '/data/imports', '/data/imports/new', '/data/sources', '/data/sources?source=new', '/data/live', '/data/bind', '/governance/consents', '/governance/requests', '/governance/requests?request=new', '/governance/audit', '/governance/approvals', '/governance/incidents', '/governance/budgets', '/governance/budgets?role=analyst', '/governance/retention', '/governance/grades', '/governance/keys', '/governance/register', '/governance/register?open=new', '/governance/retention?open=orders', '/governance/users', '/governance/users?user=new', '/governance/roles', '/governance/roles?view=masks', '/governance/roles?view=separation', '/governance/api-keys', '/governance/sso', '/account', 'mapping', 'report', '/insight/satisfaction', '/engage/targets']

for (const [lang, scheme] of [['zh', 'light'], ['zh', 'dark'], ['en', 'light'], ['en', 'dark']] as const) {
  for (const path of PATHS) {
    test(`${path} has no violation (${lang}, ${scheme})`, async ({ page }) => {
      const isPerson = path === 'profile' || path === 'identities'
      const start = isPerson ? '/customers' : path === 'report' ? '/data/imports' : path === 'mapping' ? '/data/imports/new' : path
      await open(page, start, lang, scheme)
      if (path === 'mapping') {
        await page.locator('input[type=file]').setInputFiles(FILE)
        await expect(page.locator('.zk-target').first()).toBeVisible()
        await page.waitForLoadState('networkidle')
      } else if (start !== path) {
        await page.locator(isPerson ? '.zk-person' : '.zk-file').first().click()
        if (path === 'identities') await page.getByRole('tab', { name: lang === 'zh' ? '身份' : 'Identities' }).click()
        // The tab of identities has two cards at least: identities, and merging.
        await expect(page.locator('.zk-card h2').nth(path === 'identities' ? 1 : 2)).toBeVisible()
        await page.waitForLoadState('networkidle')
      }
      const { violations } = await new AxeBuilder({ page }).withTags(TAGS).analyze()
      expect(violations.map(({ id, nodes }) => [id, ...nodes.slice(0, 4).map((node) => `${node.target.join(' ')}: ${node.failureSummary ?? ''}`)])).toEqual([])
    })
  }
}

// The way in, for those who are not signed in.
test.describe('the way in', () => {
  test.use({ storageState: { cookies: [], origins: [] }, allowed: [/401/] })
  for (const [lang, scheme] of [['zh', 'light'], ['zh', 'dark'], ['en', 'light'], ['en', 'dark']] as const) {
    for (const path of ['/sign-in', '/setup']) {
      test(`${path} has no violation (${lang}, ${scheme})`, async ({ page }) => {
        await open(page, path, lang, scheme)
        const { violations } = await new AxeBuilder({ page }).withTags(TAGS).analyze()
        expect(violations.map(({ id, nodes }) => [id, nodes[0]?.target.join(' '), nodes[0]?.failureSummary])).toEqual([])
      })
    }
  }
})
