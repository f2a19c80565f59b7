// A code is drawn, another phone opens its link, the page says bound, and the customer has the earlier visits.
import type { APIRequestContext, Page } from '@playwright/test'
import jsQR from 'jsqr'
import type { Source } from '../src/api/types'
import { expect, open, test } from './console'

const headers = { 'x-zhike-request': '1' }

async function makeSource(request: APIRequestContext, name: string): Promise<Source> {
  const answer = await request.post('/api/v1/sources', { headers, data: { name: `${name} ${Date.now()}` } })
  expect(answer.status()).toBe(200)
  return (await answer.json()) as Source
}

/** What stands in a code on the screen, read as a camera would. */
async function readCode(page: Page): Promise<string> {
  const shot = await page.getByRole('img', { name: '二维码' }).screenshot()
  const pixels = await page.evaluate(async (png) => {
    const image = new Image()
    image.src = `data:image/png;base64,${png}`
    await image.decode()
    const canvas = document.createElement('canvas')
    canvas.width = image.width
    canvas.height = image.height
    const context = canvas.getContext('2d')
    if (!context) throw new Error('no canvas')
    context.drawImage(image, 0, 0)
    return { width: image.width, height: image.height, data: Array.from(context.getImageData(0, 0, image.width, image.height).data) }
  }, shot.toString('base64'))
  return jsQR(new Uint8ClampedArray(pixels.data), pixels.width, pixels.height)?.data ?? ''
}

test('a code that is drawn can be read, and whoever opens it is bound', async ({ page, request, browser, baseURL }) => {
  const source = await makeSource(request, '扫码')
  const stamp = Date.now()
  const [member, visitor, order] = [`M${stamp}`, `browser-${stamp}`, `o${stamp}`]
  const batch = [
    { type: 'identify', userId: member, traits: { level: 'gold' } },
    { type: 'track', anonymousId: visitor, event: 'Order Completed', properties: { order_id: order, total: 88 } },
  ]
  const sent = await request.post('/v1/batch', { data: { writeKey: source.write_key, batch } })
  expect(sent.status()).toBe(200)
  await expect(async () => {
    const found = await request.post('/api/v1/profiles/search', { headers, data: { value: member } })
    expect(await found.text()).toContain('prf_')
  }).toPass()

  await open(page, '/data/bind')
  await page.getByLabel('会员号、手机号或其他标识').fill(member)
  await page.getByRole('combobox', { name: '数据源' }).click()
  await page.locator('.ant-select-item-option', { hasText: source.name }).click()
  await page.getByRole('button', { name: '生成', exact: true }).click()
  await expect(page.locator('.zk-bind-state')).toHaveText('等待扫码')
  await expect.poll(() => readCode(page)).toMatch(/\/b\/[\w-]{60,90}$/)
  const link = await readCode(page)
  expect(link).not.toContain(member)
  const path = `${baseURL ?? ''}${new URL(link).pathname}`

  const phone = await (await browser.newContext()).newPage()
  await phone.goto(`${path}#anonymous_id=${visitor}`)
  await expect(phone.getByRole('heading', { name: '绑定成功' })).toBeVisible()
  // Somebody else with the same code comes too late.
  const late = await (await browser.newContext()).newPage()
  await late.goto(path)
  await expect(late.getByRole('heading', { name: '二维码已被使用' })).toBeVisible()

  await expect(page.locator('.zk-bind-state')).toHaveText('已绑定')
  await page.getByRole('link', { name: '看客户档案' }).click()
  await expect(page.getByText(order).first()).toBeVisible()
  await page.locator('.zk-page-actions').getByRole('link', { name: '扫码绑定' }).click()
  await expect(page.getByText('为这位客户生成')).toBeVisible()
  await page.getByRole('button', { name: '生成', exact: true }).click()
  await expect(page.locator('.zk-bind-state')).toHaveText('等待扫码')
  await page.getByRole('button', { name: '撤销' }).click()
  await page.locator('.ant-popconfirm').getByRole('button', { name: '撤销' }).click()
  await expect(page.locator('.zk-bind-state')).toHaveText('已撤销')
})

test('a mapping of orders is edited and stands', async ({ page, request }) => {
  const source = await makeSource(request, '映射')
  await open(page, '/data/sources')
  await page.getByRole('button', { name: source.name }).click()
  await page.locator('summary', { hasText: '订单映射' }).click()
  await page.getByLabel('订单映射').fill('events:\n  PayOrder: {event: order_paid, fields: {order_id: orderNo, total: pay}, unit: fen}\n')
  await page.getByRole('button', { name: '检查并保存' }).click()
  await expect(page.getByText('已保存，之后入库的事件按此映射')).toBeVisible()
  const shown = (await (await request.get(`/api/v1/sources/${source.source_id}`)).json()) as Source
  expect(shown.commerce).toMatchObject({ events: { PayOrder: { event: 'order_completed', fields: { order_id: 'orderNo' }, unit: 'fen' } } })
})

test.describe('a mistake', () => {
  test.use({ allowed: [/422/] })
  test('of a mapping is named and nothing is saved', async ({ page, request }) => {
    const source = await makeSource(request, '映射错')
    await open(page, '/data/sources')
  await page.getByRole('button', { name: source.name }).click()
    await page.locator('summary', { hasText: '订单映射' }).click()
    await page.getByLabel('订单映射').fill('events:\n  PayOrder: {event: order_paid, fields: {ordre: orderNo}}\n')
    await page.getByRole('button', { name: '检查并保存' }).click()
    await expect(page.getByText('events.PayOrder.fields.ordre', { exact: false })).toBeVisible()
    const shown = (await (await request.get(`/api/v1/sources/${source.source_id}`)).json()) as Source
    expect(shown.commerce).toMatchObject({ events: {} })
  })
})
