// Campaigns on the demo data, whose effects are known: figures open as many people as they say and become a segment; each tab
// says what it means, in both languages; screenshots for looking at.
import { AxeBuilder } from '@axe-core/playwright'
import { expect, numberIn, open, SHOTS, test } from './console'

const address = (tab: string, spec: object = {}) => `/engage/campaigns?tab=${tab}&spec=${encodeURIComponent(JSON.stringify({ by: 'campaign', campaign: '', window_days: 7, lookback_days: 30, visits: true, budget: 1, from: '2010-12-01', to: '2011-08-31', ...spec }))}`
const WORDS = {
  zh: { title: '营销效果', board: '各活动的结果', bought: /查看Bulk week下单的人/, keep: '存为分群', kept: '已存为分群：', name: '分群名称', effect: '实验组与对照组', worked: '有效', unclear: '看不出', moved: '谁更容易被打动', credit: '八种算法并列', not_effect: /功劳不等于效果/, budget: '各渠道的预算建议', coupons: '优惠券使用', estimate: /这是估计，不是效果/, choose: '请选择一个活动', channel: '各渠道的结果', withheld: '无对照组', grid: /一周各时段的回应率/, judged: /随机时段的消息检验/, best: '更好的时段', people: '给每位客户选时段', total: /共 .* 位客户/ },
  en: { title: 'Campaigns', board: 'Results by campaign', bought: /^Bulk week: people, Bought/, keep: 'Save as segment', kept: 'Saved as segment:', name: 'Name of the segment', effect: 'Treated beside withheld', worked: 'Worked', unclear: 'Unclear', moved: 'Who is moved more', credit: 'Eight ways side by side', not_effect: /Credit is not effect/, budget: 'Proposal by channel', coupons: 'Use of coupons', estimate: /estimate, not an effect/, choose: 'Choose a campaign', channel: 'Results by channel', withheld: 'Nobody withheld', grid: /Answers by hour of the week/, judged: /whose hour was drawn/, best: 'Better hours', people: 'A moment for each customer', total: /customers; most moments/ },
} as const
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa']

for (const lang of ['zh', 'en'] as const) {
  const words = WORDS[lang]
  test(`the board opens its people and keeps them (${lang})`, async ({ page }) => {
    await open(page, address('board'), lang)
    await expect(page.getByRole('heading', { name: words.title, level: 1 })).toBeVisible()
    const table = page.getByRole('table', { name: words.board })
    await expect(table.getByText(words.worked).first()).toBeVisible()
    await expect(table.getByText(words.withheld).first()).toBeVisible()
    expect((await new AxeBuilder({ page }).withTags(TAGS).analyze()).violations).toEqual([])
    await page.screenshot({ path: `${SHOTS}/e2e-campaigns-${lang}.png`, fullPage: true })
    const bought = page.getByRole('button', { name: words.bought })
    const n = numberIn(await bought.textContent())
    await bought.click()
    const sheet = page.getByRole('dialog')
    await expect(sheet.getByRole('status').first()).toContainText(n.toLocaleString('en-US'))
    await sheet.getByRole('textbox', { name: words.name }).fill(`${words.title} ${lang}`)
    await sheet.getByRole('button', { name: words.keep }).click()
    await expect(sheet.getByText(words.kept)).toBeVisible()
    await page.keyboard.press('Escape')
    await open(page, address('board', { by: 'channel' }), lang)
    await expect(page.getByRole('table', { name: words.channel })).toBeVisible()
  })

  test(`what a campaign changed, and whom it moves (${lang})`, async ({ page }) => {
    test.slow()
    await open(page, address('effect'), lang)
    await expect(page.getByText(words.choose).first()).toBeVisible()
    await open(page, address('effect', { campaign: 'C2' }), lang)
    await expect(page.getByRole('table', { name: words.effect })).toBeVisible()
    await expect(page.getByText(words.worked, { exact: true }).first()).toBeVisible()
    await expect(page.getByRole('heading', { name: words.moved })).toBeVisible({ timeout: 60_000 })
    expect((await new AxeBuilder({ page }).withTags(TAGS).analyze()).violations).toEqual([])
    await page.screenshot({ path: `${SHOTS}/e2e-campaigns-effect-${lang}.png`, fullPage: true })
    await open(page, address('effect', { campaign: 'C1' }), lang)
    await expect(page.getByText(words.unclear, { exact: true }).first()).toBeVisible()
    await open(page, address('effect', { campaign: 'C5' }), lang)
    await expect(page.getByRole('table', { name: words.effect })).toBeVisible()
    await page.screenshot({ path: `${SHOTS}/e2e-campaigns-running-${lang}.png`, fullPage: true })
  })

  test(`credit, budget and coupons (${lang})`, async ({ page }) => {
    test.slow()
    await open(page, address('attribution', { by: 'channel' }), lang)
    await expect(page.getByRole('table', { name: words.credit })).toBeVisible({ timeout: 60_000 })
    await expect(page.getByText(words.not_effect).first()).toBeVisible()
    expect((await new AxeBuilder({ page }).withTags(TAGS).analyze()).violations).toEqual([])
    await page.screenshot({ path: `${SHOTS}/e2e-campaigns-attribution-${lang}.png`, fullPage: true })
    await open(page, address('budget'), lang)
    await expect(page.getByRole('table', { name: words.budget })).toBeVisible({ timeout: 60_000 })
    expect((await new AxeBuilder({ page }).withTags(TAGS).analyze()).violations).toEqual([])
    await page.screenshot({ path: `${SHOTS}/e2e-campaigns-budget-${lang}.png`, fullPage: true })
    await open(page, address('coupons'), lang)
    await expect(page.getByRole('table', { name: words.coupons })).toBeVisible()
    await expect(page.getByText(words.estimate).first()).toBeVisible()
    expect((await new AxeBuilder({ page }).withTags(TAGS).analyze()).violations).toEqual([])
    await page.screenshot({ path: `${SHOTS}/e2e-campaigns-coupons-${lang}.png`, fullPage: true })
  })

  test(`when customers answer, and a moment for each (${lang})`, async ({ page }) => {
    test.slow()
    await open(page, address('moments'), lang)
    await expect(page.getByRole('table', { name: words.grid })).toBeVisible({ timeout: 60_000 })
    // Messages of the demo went out at drawn hours; those of the morning are opened more often.
    await expect(page.getByText(words.judged).first()).toBeVisible()
    await expect(page.getByRole('table', { name: words.best })).toBeVisible()
    expect((await new AxeBuilder({ page }).withTags(TAGS).analyze()).violations).toEqual([])
    await page.screenshot({ path: `${SHOTS}/e2e-campaigns-moments-${lang}.png`, fullPage: true })
    await page.getByRole('button', { name: words.people }).click()
    const sheet = page.getByRole('dialog')
    await expect(sheet.getByRole('status').first()).toHaveText(words.total)
    await expect(sheet.getByRole('listitem').first()).toBeVisible()
    await page.screenshot({ path: `${SHOTS}/e2e-campaigns-moments-people-${lang}.png` })
  })

  test(`on a phone (${lang})`, async ({ page }) => {
    await page.setViewportSize({ width: 390, height: 844 })
    await open(page, address('board'), lang)
    await expect(page.getByRole('table', { name: words.board })).toBeVisible()
    const width = await page.evaluate(() => document.documentElement.scrollWidth)
    expect(width).toBeLessThanOrEqual(390)
    await page.screenshot({ path: `${SHOTS}/e2e-campaigns-phone-${lang}.png`, fullPage: true })
    await open(page, address('effect', { campaign: 'C2' }), lang)
    await expect(page.getByRole('table', { name: words.effect })).toBeVisible()
    await page.screenshot({ path: `${SHOTS}/e2e-campaigns-phone-effect-${lang}.png`, fullPage: true })
  })
}
