// The guide "first day" as it stands, on the demo data: who is worth keeping, why, kept as a segment, exported. With
// ZHIKE_GUIDE_SHOTS=1 it takes the guide's pictures anew.
import type { Page } from '@playwright/test'
import { expect, numberIn, open, SHOTS, test } from './console'

const WORDS = {
  zh: { group: '重要挽留', why: '标签与原因', save: '保存为分群', name: '分群名称', keep: '保存', export: '导出', purpose: '用途', start: '开始导出', download: '下载文件' },
  en: { group: "Can't lose", why: 'Tags and reasons', save: 'Save as segment', name: 'Name of the segment', keep: 'Save', members: 'Members', export: 'Export', purpose: 'Purpose', start: 'Start export', download: 'Download file' },
} as const

/** A picture of the page as it is when all of it has come. */
const shot = async (page: Page, name: string, lang: string) => {
  await expect(page.locator('.zk-card .zk-skeleton, .zk-card [aria-busy=true]')).toHaveCount(0)
  await page.screenshot({ path: process.env.ZHIKE_GUIDE_SHOTS ? `../docs/images/first-day-${name}-${lang}.png` : `${SHOTS}/e2e-first-day-${name}-${lang}.png` })
}

for (const lang of ['zh', 'en'] as const) {
  const words = WORDS[lang]
  test(`first day: who is worth keeping, why, kept and exported (${lang})`, async ({ page }) => {
    await page.setViewportSize({ width: 1280, height: 860 })
    await open(page, '/insight/rfm', lang)
    await expect(page.locator('h1')).toBeVisible()
    await shot(page, 'rfm', lang)

    // The group, in the list, the largest spenders first.
    await page.goto('/customers?rfm_segment=cant_lose')
    const bar = page.locator('.zk-list-bar [role=status]')
    await expect(bar).toContainText(/\d/)
    const n = numberIn(/([\d,]+)/.exec((await bar.textContent()) ?? '')?.[1] ?? null)
    expect(n).toBeGreaterThan(10)
    await expect(page.locator('.zk-person').first()).toBeVisible()
    await shot(page, 'list', lang)

    // One of them, and why.
    await page.locator('.zk-person').first().click()
    await expect(page).toHaveURL(/\/customers\/prf_/)
    await page.getByRole('tab', { name: words.why }).click()
    await expect(page).toHaveURL(/tab=tags/)
    await page.waitForLoadState('networkidle')
    await shot(page, 'person', lang)

    // Kept as a segment, which holds as many.
    await page.goto('/customers?rfm_segment=cant_lose')
    await expect(bar).toContainText(/\d/)
    await page.getByRole('button', { name: words.save }).click()
    const sheet = page.locator('dialog[open]')
    await sheet.getByLabel(words.name).fill(`${words.group} ${Date.now().toString(36)}`)
    await sheet.getByRole('button', { name: words.keep, exact: true }).click()
    await expect(page).toHaveURL(/\/customers\/segments\/seg_/)
    const size = page.locator('.zk-figure-row dd').first()
    await expect(size).toHaveText(/\d/)
    expect(numberIn(await size.textContent())).toBe(n)
    await page.waitForLoadState('networkidle')
    await shot(page, 'segment', lang)

    // And as a file.
    await page.goto('/customers?rfm_segment=cant_lose')
    await expect(bar).toContainText(/\d/)
    await page.getByRole('button', { name: words.export, exact: true }).click()
    await sheet.getByLabel(words.purpose).selectOption('service')
    await shot(page, 'export', lang)
    await sheet.getByRole('button', { name: words.start }).click()
    const file = page.waitForEvent('download')
    await sheet.getByRole('link', { name: words.download }).click()
    const path = await (await file).path()
    const { readFile } = await import('node:fs/promises')
    const rows = (await readFile(path, 'utf8')).trim().split('\n')
    expect(rows.length - 1).toBe(n)
  })
}
