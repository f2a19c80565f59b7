// Satisfaction of answers that are loaded here: score, groups, drivers, and the dissatisfied whom nobody turned to.
import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from '@playwright/test'
import { expect, numberIn, open, SHOTS, test } from './console'

const WORDS = {
  zh: { title: '满意度', means: /净推荐值 .* 份，95% 区间/, groups: '各组得分', drivers: '影响因素', overdue: /^超时未联系 /, keep: '存为分群', kept: '已存为分群：', none: '这段时间没有评分', csat: '满意比例', run: '查看结果', topic: '物流' },
  en: { title: 'Satisfaction', means: /Net promoter score .* 95% interval/, groups: 'Scores of groups', drivers: 'Drivers', overdue: /^Overdue /, keep: 'Save as segment', kept: 'Saved as segment:', none: 'No scores in these days', csat: 'Satisfaction (CSAT)', run: 'Show', topic: '物流' },
} as const

const HEADERS = { 'x-zhike-request': '1' }

/** Two hundred answers of a quarter; who speaks of delivery is less content. */
function answers(): string {
  const rows = Array.from({ length: 200 }, (_, n) => {
    const isSlow = n % 3 === 0
    const day = new Date(Date.UTC(2011, 3, 1 + (n % 90))).toISOString().slice(0, 10)
    return `E2E-F${n},E2E-S${n % 40},nps,${isSlow ? n % 7 : 6 + (n % 5)},${day} 12:00:00,${isSlow ? '物流;包装' : '包装'}`
  })
  return ['feedback_id,member_id,kind,score,at,topics', ...rows].join('\n')
}

async function load(page: Page): Promise<void> {
  const file = { name: 'answers.csv', mimeType: 'text/csv', buffer: Buffer.from(answers()) }
  const upload = await page.request.post('/api/v1/uploads', { headers: HEADERS, multipart: { file } })
  expect(upload.ok()).toBe(true)
  const { upload_id } = (await upload.json()) as { upload_id: string }
  const started = await page.request.post('/api/v1/imports', { headers: HEADERS, data: { upload_id, entity: 'feedback', source: 'survey' } })
  expect(started.status()).toBe(202)
  const question = { kind: 'nps', by: 'month', dimension: null, from: '2011-04-01', to: '2011-06-30', segment: null, purpose: null }
  const found = async () => ((await (await page.request.post('/api/v1/satisfaction', { headers: HEADERS, data: question })).json()) as { all: { n: number } }).all.n
  await expect.poll(found).toBe(200)
}

for (const lang of ['zh', 'en'] as const) {
  const words = WORDS[lang]
  test(`scores, drivers and the people who wait (${lang})`, async ({ page }) => {
    test.slow()
    if (lang === 'zh') await load(page)
    const spec = encodeURIComponent(JSON.stringify({ kind: 'nps', by: 'month', dimension: 'province', from: '2011-04-01', to: '2011-06-30' }))
    await open(page, `/insight/satisfaction?spec=${spec}`, lang)
    await expect(page.getByRole('heading', { name: words.title, level: 1 })).toBeVisible()
    await expect(page.getByText(words.means)).toBeVisible()
    await expect(page.getByRole('table', { name: words.groups })).toBeVisible()
    await expect(page.getByRole('table', { name: words.drivers }).getByRole('rowheader', { name: words.topic })).toBeVisible()
    expect((await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa']).analyze()).violations).toEqual([])
    await page.screenshot({ path: `${SHOTS}/e2e-satisfaction-${lang}.png`, fullPage: true })
    await page.getByRole('button', { name: words.overdue }).click()
    const sheet = page.getByRole('dialog')
    const n = numberIn((await sheet.getByRole('status').first().textContent())?.replace(/\D/g, '') ?? '')
    expect(n).toBeGreaterThan(5)
    await sheet.getByRole('textbox').fill(`${words.title} ${lang}`)
    await sheet.getByRole('button', { name: words.keep }).click()
    await expect(sheet.getByText(words.kept)).toBeVisible()
    await page.keyboard.press('Escape')
    await page.getByText(words.csat, { exact: true }).click()
    await page.getByRole('button', { name: words.run }).click()
    await expect(page.getByText(words.none)).toBeVisible()
  })
}
