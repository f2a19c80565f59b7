// Two tables of members who share no id: likely people are joined, doubtful ones judged side by side, and judged otherwise.
import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from '@playwright/test'
import { expect, open, SHOTS, test } from './console'

const WORDS = {
  zh: { review: '待复核', compare: '比对资料', merge: '合并', acts: '人工判定', reason: '理由（可不填）', undo: '撤销', likely: /是同一人的可能性/, said: /自动合并 \d+ 对/ },
  en: { review: 'To be reviewed', compare: 'Compare records', merge: 'Merge', acts: 'Decisions by hand', reason: 'Reason (optional)', undo: 'Undo', likely: /One person with a probability/, said: /\d+ pairs joined/ },
} as const

const HEADERS = { 'x-zhike-request': '1' }
const [SURNAMES, GIVEN] = ['王李张刘陈杨赵黄周吴徐孙', ['伟', '芳', '秀英', '敏', '静怡', '丽华', '强', '磊', '晓军', '洋', '艳梅', '勇', '建国', '思远', '雨桐', '子涵']]

/** Members of a made up table; in the second one, every second person has another day of birth. */
function members(prefix: 'A' | 'B', n: number): string {
  const pick = (at: number, salt: number, below: number) => ((at * 2654435761) % 4294967296 >>> salt) % below
  const rows = Array.from({ length: n }, (_, at) => {
    const name = (SURNAMES[pick(at, 7, 12)] ?? '') + (GIVEN[pick(at, 11, 16)] ?? '')
    const two = (value: number) => String(value).padStart(2, '0')
    const year = 1960 + pick(at, 5, 39)
    const day = prefix === 'B' && at % 2 === 1 ? '06-15' : `${two(1 + pick(at, 9, 12))}-${two(1 + pick(at, 13, 28))}`
    return `R${prefix}${at},${name},${year}-${day},${prefix === 'A' ? '139' : '158'}${String(40_000_000 + at * 7)}`
  })
  return `会员号,姓名,生日,手机号\n${rows.join('\n')}\n`
}

async function load(page: Page, prefix: 'A' | 'B', n: number): Promise<void> {
  const file = { name: `review-${prefix}.csv`, mimeType: 'text/csv', buffer: Buffer.from(members(prefix, n)) }
  const upload = await page.request.post('/api/v1/uploads', { headers: HEADERS, multipart: { file } })
  expect(upload.ok()).toBe(true)
  const { upload_id } = (await upload.json()) as { upload_id: string }
  const started = await page.request.post('/api/v1/imports', { headers: HEADERS, data: { upload_id, entity: 'profiles', source: `review-${prefix}` } })
  expect(started.status()).toBe(202)
  const found = async () => {
    const answer = await page.request.post('/api/v1/profiles/lookup', { headers: HEADERS, data: { identities: [{ kind: 'member_id', value: `R${prefix}${n - 1}` }] } })
    return answer.text()
  }
  await expect.poll(found).toContain('prf_')
}

for (const lang of ['zh', 'en'] as const) {
  const words = WORDS[lang]

  test(`doubtful pairs are judged (${lang})`, async ({ page }) => {
    if (lang === 'zh') {
      await load(page, 'A', 240)
      await load(page, 'B', 40)
    }
    await open(page, '/data/identity', lang)
    const card = page.getByRole('region', { name: words.review })
    await card.getByRole('button', { name: words.compare }).click()
    await expect(card.getByText(words.said)).toBeVisible()
    await expect(card.getByText(words.likely)).toBeVisible()
    const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']).analyze()
    expect(violations).toEqual([])
    await page.screenshot({ path: `${SHOTS}/e2e-review-${lang}.png`, fullPage: true })

    await card.getByLabel(words.reason, { exact: true }).fill(`one ${lang}`)
    await card.getByRole('button', { name: words.merge, exact: true }).click()
    const acts = page.getByRole('region', { name: words.acts })
    await expect(acts.locator('tbody tr').filter({ hasText: `one ${lang}` })).toHaveCount(1)
    await card.getByLabel(words.reason, { exact: true }).fill(`two ${lang}`)
    // By keyboard, as somebody who has many to look at.
    await page.locator('h1').click()
    const people = card.locator('thead a')
    const first = await people.allTextContents()
    await page.keyboard.press('n')
    await expect.poll(() => people.allTextContents()).not.toEqual(first)
    await expect(card.getByRole('button', { name: words.merge, exact: true })).toBeEnabled()
    await page.keyboard.press('s')
    const two = acts.locator('tbody tr').filter({ hasText: `two ${lang}` })
    await expect(two).toHaveCount(1)
    await two.getByRole('button', { name: words.undo }).click()
    await page.getByRole('tooltip').getByRole('button', { name: words.undo, exact: true }).click()
    await expect(two.getByRole('button')).toHaveCount(0)
  })
}
