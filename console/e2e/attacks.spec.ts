// What strangers send stays text: names, addresses, properties and headings that would be scripts are shown on every page
// that shows them, and none of them runs.
import type { Page } from '@playwright/test'
import { expect, open, test } from './console'

/** Each would call `attacked()` in a page that took it for markup, an address or a style. */
const PAYLOADS = [
  '<script>attacked(1)</script>',
  '<img src=x onerror=attacked(2)>',
  '"><svg onload=attacked(3)>',
  "'-attacked(4)-'",
  'javascript:attacked(5)',
  '{{constructor.constructor("attacked(6)")()}}',
  '</textarea><iframe srcdoc="<script>parent.attacked(7)</script>">',
  '<a href="javascript:attacked(8)" autofocus onfocus=attacked(8)>x</a>',
  '<style>@import "//attacker.example"</style>',
  '\u202e<b onmouseover=attacked(9)>\u0000',
]

async function watch(page: Page): Promise<() => unknown[]> {
  const attacks: unknown[] = []
  await page.exposeFunction('attacked', (what: unknown) => attacks.push(what))
  page.on('dialog', (dialog) => {
    attacks.push(dialog.message())
    void dialog.dismiss()
  })
  page.on('request', (request) => {
    if (new URL(request.url()).hostname === 'attacker.example') attacks.push(request.url())
  })
  return () => attacks
}

async function expectText(page: Page): Promise<void> {
  // Whatever they made would stand in the page.
  await expect(page.locator('main iframe, main img[src="x"], main svg[onload], main [onfocus], main [onmouseover], main a[href^="javascript:"]')).toHaveCount(0)
}

test('what is sent and loaded never becomes markup', async ({ page, request }) => {
  test.setTimeout(300_000)
  const attacks = await watch(page)
  const headers = { 'x-zhike-request': '1' }
  const stamp = Date.now()
  const made = await request.post('/api/v1/sources', { headers, data: { name: `<b onmouseover=attacked(0)>${stamp}` } })
  expect(made.ok(), await made.text()).toBe(true)
  const source = (await made.json()) as { write_key: string }
  const basic = { authorization: `Basic ${Buffer.from(`${source.write_key}:`).toString('base64')}` }
  const user = `attacker-${stamp}`
  for (const [n, payload] of PAYLOADS.entries()) {
    const sent = await request.post('/v1/track', {
      headers: basic,
      data: {
        event: payload,
        userId: user,
        messageId: `attack-${stamp}-${n}`,
        properties: { [`<i>${n}`]: payload, name: payload, url: payload },
        context: { page: { url: payload, referrer: payload, title: payload }, campaign: { name: payload } },
      },
    })
    expect(sent.ok(), payload).toBe(true)
  }
  const traits = await request.post('/v1/identify', {
    headers: basic,
    data: { userId: user, messageId: `attack-${stamp}-who`, traits: { name: PAYLOADS[1], city: PAYLOADS[0], tier: PAYLOADS[2] } },
  })
  expect(traits.ok()).toBe(true)
  const look = async () => {
    const found = await request.post('/api/v1/profiles/lookup', { headers, data: { identities: [{ value: user }] } })
    const { items } = (await found.json()) as { items: { profile_ids: string[] }[] }
    return items[0]?.profile_ids[0] ?? ''
  }
  await expect.poll(look, { timeout: 60_000 }).not.toBe('')
  const profile = await look()

  // A file whose name, headings and cells are of the same kind.
  const cell = (text: string) => `"${text.replaceAll('"', '""').replaceAll('\u0000', '')}"`
  const rows = PAYLOADS.map((payload, n) => [`A${stamp}${n}`, user, '2026-01-02 10:00:00', n === 3 ? 'x' : '5.00', payload, payload].map(cell).join(','))
  const heading = ['订单编号', '会员号', '下单时间', '实付金额', '商品名称', '<img src=x onerror=attacked(10)>'].map(cell).join(',')
  await open(page, '/data/imports/new')
  const file = { name: `<img src=x onerror=attacked(11)> ${stamp}.csv`, mimeType: 'text/csv', buffer: Buffer.from([heading, ...rows].join('\n')) }
  await page.locator('input[type=file]').first().setInputFiles(file)
  await expect(page.getByText('onerror=attacked(10)').first()).toBeVisible()
  await expectText(page)

  const declared = await request.post('/api/v1/manual-tags', { headers, data: { key: `xss-${stamp}`, values: PAYLOADS.slice(0, 2) } })
  expect(declared.ok(), await declared.text()).toBe(true)
  const tag = await request.post(`/api/v1/profiles/${profile}/tags`, { headers, data: { key: `xss-${stamp}`, value: PAYLOADS[0] } })
  expect(tag.ok(), await tag.text()).toBe(true)
  const segment = await request.post('/api/v1/segments', {
    headers,
    data: { name: `${PAYLOADS[1]} ${stamp}`, description: PAYLOADS[0], purpose: 'analysis', rule: { trait: 'city', op: 'eq', value: PAYLOADS[0] } },
  })
  expect(segment.ok(), await segment.text()).toBe(true)
  const segmentId = ((await segment.json()) as { segment_id: string }).segment_id

  const pages = [
    `/customers/${profile}`,
    `/customers/${profile}?tab=timeline`,
    `/customers/${profile}?tab=tags`,
    '/customers',
    '/customers/segments',
    `/customers/segments/${segmentId}`,
    '/data/sources',
    '/data/live',
    '/data/imports',
    '/customers/tags',
  ]
  for (const path of pages) {
    for (const lang of ['zh', 'en'] as const) {
      await open(page, path, lang)
      await expectText(page)
    }
  }
  await open(page, `/customers/${profile}?tab=timeline`)
  await expect(page.getByText('<script>attacked(1)</script>').first()).toBeVisible()
  expect(attacks()).toEqual([])
})
