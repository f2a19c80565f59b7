// A source is made, an event is sent to it as an SDK would, and is seen as it arrives.
import { expect, open, test } from './console'

test('a source is made, shows how to send, and what is sent is seen live', async ({ page, request }) => {
  await open(page, '/data/sources')
  const name = `官网 ${Date.now()}`
  await page.getByRole('button', { name: '新建数据源' }).click()
  await page.getByLabel('名称').fill(name)
  await page.getByRole('button', { name: '保存' }).click()
  await expect(page.getByRole('row', { name: new RegExp(name) })).toBeVisible()
  const key = (await page.locator('dd > code').first().textContent()) ?? ''
  expect(key.length).toBeGreaterThan(10)
  // The snippet is ready to be used: this server's address and the source's key.
  const snippet = page.locator('.zk-snippet pre').first()
  await expect(snippet).toContainText(key)
  await expect(snippet).toContainText(new URL(page.url()).origin)
  for (const dialect of ['RudderStack', '神策', '普通 JSON']) {
    await page.getByText(dialect, { exact: true }).click()
    await expect(page.locator('.zk-snippet pre').last()).toContainText(key)
  }

  await page.getByRole('link', { name: '看实时事件' }).click()
  await expect(page.getByText('还没有事件')).toBeVisible()
  const answer = await request.post('/v1/track', {
    headers: { authorization: `Basic ${Buffer.from(`${key}:`).toString('base64')}` },
    data: { event: '签到', userId: 'e2e-1', properties: { phone: '13800138000' } },
  })
  expect(answer.status()).toBe(200)
  const event = page.getByRole('list', { name: '实时事件' }).getByText('签到').first()
  await expect(event).toBeVisible()
  await expect(page.locator('main')).not.toContainText('13800138000')

  await open(page, '/data/sources', 'en')
  await expect(page.getByRole('heading', { name: 'Sources' })).toBeVisible()
})
