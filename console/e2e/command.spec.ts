// The box for everything: pages, what was saved, by a part of the name or by pinyin initials, and people by an exact value.
import { AxeBuilder } from '@axe-core/playwright'
import { expect, open, test } from './console'

test('the box finds pages, segments, tags and views by name and by initials', async ({ page }) => {
  const name = `加购未付 ${Date.now().toString(36)}`
  const made = await page.request.post('/api/v1/segments', { headers: { 'x-zhike-request': '1' }, data: { name, rule: { all: [{ score: 'rfm.tier', op: 'in', value: ['core'] }] } } })
  expect(made.ok()).toBe(true)
  await open(page, '/')
  await page.keyboard.press('Control+k')
  const box = page.getByRole('combobox', { name: '搜索页面与客户' })
  const options = page.getByRole('option')
  await box.fill('dr')
  await expect(options.filter({ hasText: '导入' }).first()).toBeVisible()
  await box.fill('hydj')
  await expect(options.filter({ hasText: '会员等级' })).toBeVisible()
  await box.fill(`jgwf ${name.split(' ')[1] ?? ''}`)
  await box.fill(name)
  await expect(options.first()).toContainText(name)
  const { violations } = await new AxeBuilder({ page }).include('.zk-command').withTags(['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa']).analyze()
  expect(violations.map(({ id, nodes }) => [id, nodes[0]?.target])).toEqual([])
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(/\/customers\/segments\/seg_/)
  await expect(page.getByRole('heading', { level: 1, name })).toBeVisible()
})
