// Targets on the demo data: a number is split, bounds are set and refused, the table goes out and in, accounts become a segment.
import { AxeBuilder } from '@axe-core/playwright'
import { readFile, writeFile } from 'node:fs/promises'
import { expect, open, SHOTS, test } from './console'

test.use({ allowed: [/400/] })

const WORDS = {
  zh: { title: '目标拆解', make: '新建目标', name: '名称', amount: '目标金额（元）', level: '第 1 级', second: '第 2 级', store: '省份', split: '拆分并保存', parts: '各部分进度', means: /目标 .* 比不做任何改变时的预计/, adjust: '调整 全部', adjustPart: /^调整 (?!全部)/, target: '目标', floor: '下限', again: '重新拆分', wrong: /下级合计至少需要/, follow: '跟进客户：全部', keep: '存为分群', kept: '已存为分群：', read: '上传目标表', done: '已读取，目标已重新拆分', sheet: '下载目标表', remove: /^删除目标/, sure: /^删\s?除$/, close: '关闭', total: /共 .* 位客户/ },
  en: { title: 'Targets', make: 'New target', name: 'Name', amount: 'Target, in money', level: 'Level 1', second: 'Level 2', store: 'Province', split: 'Split and save', parts: 'Parts', means: /The target of .* expected if nothing is done/, adjust: 'Adjust All', adjustPart: /^Adjust (?!All)/, target: 'Target', floor: 'Least', again: 'Split again', wrong: /the parts below it shall have at least/, follow: 'Accounts to work on: All', keep: 'Save as segment', kept: 'Saved as segment:', read: 'Upload the table', done: 'Read; the target was split again', sheet: 'Download the table', remove: /^Remove target/, sure: 'Remove', close: 'Close', total: /customers; .* more are expected/ },
} as const

for (const lang of ['zh', 'en'] as const) {
  const words = WORDS[lang]
  test(`a target is split, bound, read back and worked on (${lang})`, async ({ page }, info) => {
    test.slow()
    await open(page, '/engage/targets', lang)
    await expect(page.getByRole('heading', { name: words.title, level: 1 })).toBeVisible()
    await page.getByRole('button', { name: words.make }).click()
    const called = `${words.title} ${lang}`
    await page.getByLabel(words.name).fill(called)
    await page.getByLabel(words.amount).fill('3,000,000')
    await page.getByRole('combobox', { name: words.level }).click()
    await page.locator('.ant-select-dropdown:visible').getByTitle(words.store, { exact: true }).click()
    await page.screenshot({ path: `${SHOTS}/e2e-target-new-${lang}.png`, fullPage: true })
    await page.getByRole('button', { name: words.split }).click()
    await expect(page.getByRole('heading', { name: called, level: 1 })).toBeVisible({ timeout: 60_000 })
    await expect(page.getByText(words.means)).toBeVisible()
    const table = page.getByRole('table', { name: words.parts })
    await expect(table).toBeVisible()
    expect((await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa']).analyze()).violations).toEqual([])
    await page.screenshot({ path: `${SHOTS}/e2e-target-${lang}.png`, fullPage: true })

    // A floor above the whole is refused and changes nothing; one below it holds.
    await page.getByRole('button', { name: words.adjustPart }).first().click()
    const sheet = page.getByRole('dialog')
    await sheet.getByLabel(words.floor).fill('4000000')
    await sheet.getByRole('button', { name: words.again }).click()
    await expect(sheet.getByText(words.wrong)).toBeVisible()
    await sheet.getByLabel(words.floor).fill('1,000')
    await sheet.getByRole('button', { name: words.again }).click()
    await expect(sheet).toBeHidden()
    await expect(table.getByText(/≥ /)).toBeVisible()

    // The table as it went out is read back as it is.
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: words.sheet }).click()])
    const path = info.outputPath('target.xlsx')
    await writeFile(path, await readFile(await download.path()))
    await page.locator('input[type=file]').setInputFiles(path)
    await expect(page.getByText(words.done)).toBeVisible()
    await expect(table.getByText(/≥ /)).toBeVisible()

    await page.getByRole('button', { name: words.follow }).click()
    await expect(page.getByRole('dialog').getByText(words.total)).toBeVisible()
    await page.screenshot({ path: `${SHOTS}/e2e-target-accounts-${lang}.png` })
    await page.getByRole('dialog').getByRole('button', { name: words.keep }).click()
    await expect(page.getByRole('dialog').getByText(words.kept)).toBeVisible()
    await page.getByRole('dialog').getByRole('button', { name: words.close }).click()

    await page.getByRole('button', { name: words.remove }).click()
    await page.locator('.ant-popconfirm').getByRole('button', { name: words.sure }).click()
    await expect(page).toHaveURL(/\/engage\/targets$/)
    await expect(page.getByRole('link', { name: called })).toBeHidden()
  })
}
