// A code is drawn, another phone opens its link, the page says bound, and the customer has the earlier visits.
import jsQR from 'jsqr'
import { expect, open, test } from './console'

const asKey = (key: string) => ({ authorization: `Basic ${Buffer.from(`${key}:`).toString('base64')}` })

test('a code that is drawn can be read, and whoever opens it is bound', async ({ page, request, browser, baseURL }) => {
  const stamp = Date.now()
  const write = { 'x-zhike-request': '1' }
  const source = await (await request.post('/api/v1/sources', { headers: write, data: { name: `扫码 ${stamp}` } })).json()
  const member = `M${stamp}`
  const visitor = `browser-${stamp}`
  const batch = [
    { type: 'identify', userId: member, traits: { level: 'gold' } },
    { type: 'track', anonymousId: visitor, event: 'Order Completed', properties: { order_id: `o${stamp}`, total: 88 } },
  ]
  expect((await request.post('/v1/batch', { headers: asKey(source.write_key), data: { batch } })).status()).toBe(200)
  const find = async () => (await (await request.post('/api/v1/profiles/search', { headers: write, data: { value: member } })).json()).items ?? []
  await expect.poll(async () => (await find()).length).toBe(1)

  await open(page, '/data/bind')
  await page.getByLabel('会员号、手机号或其他标识').fill(member)
  await page.getByRole('combobox', { name: '数据源' }).click()
  await page.getByText(source.name, { exact: true }).last().click()
  await page.getByRole('button', { name: '生成', exact: true }).click()
  const drawing = page.getByRole('img', { name: '二维码' })
  await expect(drawing).toBeVisible()
  await expect(page.getByText('等待扫码').first()).toBeVisible()
  await page.waitForTimeout(300)

  // What is on the screen is read as a camera would.
  const shot = await drawing.screenshot()
  const pixels = await page.evaluate(async (png) => {
    const image = new Image()
    image.src = `data:image/png;base64,${png}`
    await image.decode()
    const canvas = document.createElement('canvas')
    canvas.width = image.width
    canvas.height = image.height
    const context = canvas.getContext('2d')!
    context.drawImage(image, 0, 0)
    return { width: image.width, height: image.height, data: Array.from(context.getImageData(0, 0, image.width, image.height).data) }
  }, shot.toString('base64'))
  const read = jsQR(new Uint8ClampedArray(pixels.data), pixels.width, pixels.height)
  const link = read?.data ?? ''
  expect(link).toMatch(/\/b\/[\w-]{60,90}$/)
  expect(link).not.toContain(member)

  const phone = await browser.newContext()
  const other = await phone.newPage()
  await other.goto(`${baseURL}${new URL(link).pathname}#anonymous_id=${visitor}`)
  await expect(other.getByRole('heading', { name: '绑定成功' })).toBeVisible()
  // Somebody else with the same code comes too late.
  const late = await (await browser.newContext()).newPage()
  await late.goto(`${baseURL}${new URL(link).pathname}`)
  await expect(late.getByRole('heading', { name: '二维码已被使用' })).toBeVisible()

  await expect(page.locator('.zk-bind-state')).toHaveText('已绑定')
  await page.getByRole('link', { name: '看客户档案' }).click()
  await expect(page.getByText(`o${stamp}`).first()).toBeVisible()
  await page.getByRole('link', { name: '扫码绑定' }).last().click()
  await expect(page.getByText('为这位客户生成')).toBeVisible()
})

test('a mapping of orders is edited and stands', async ({ page, request }) => {
  const source = await (await request.post('/api/v1/sources', { headers: { 'x-zhike-request': '1' }, data: { name: `映射 ${Date.now()}` } })).json()
  await open(page, `/data/sources?source=${source.source_id}`)
  await page.locator('summary', { hasText: '订单映射' }).click()
  const editor = page.getByLabel('订单映射')
  await editor.fill('events:\n  PayOrder: {event: order_paid, fields: {order_id: orderNo, total: pay}, unit: fen}\n')
  await page.getByRole('button', { name: '检查并保存' }).click()
  await expect(page.getByText('已保存，之后入库的事件按此映射')).toBeVisible()
  const shown = await (await request.get(`/api/v1/sources/${source.source_id}`)).json()
  expect(shown.commerce.events.PayOrder.fields.order_id).toBe('orderNo')
})

test.describe('a mistake', () => {
  test.use({ allowed: [/422/] })
  test('of a mapping is named and nothing is saved', async ({ page, request }) => {
    const source = await (await request.post('/api/v1/sources', { headers: { 'x-zhike-request': '1' }, data: { name: `映射错 ${Date.now()}` } })).json()
    await open(page, `/data/sources?source=${source.source_id}`)
    await page.locator('summary', { hasText: '订单映射' }).click()
    await page.getByLabel('订单映射').fill('events:\n  PayOrder: {event: order_paid, fields: {ordre: orderNo}}\n')
    await page.getByRole('button', { name: '检查并保存' }).click()
    await expect(page.getByText('events.PayOrder.fields.ordre', { exact: false })).toBeVisible()
  })
})
