import { readFileSync } from 'node:fs'
import { expect, numberIn, open, SHOTS, test } from './console'

// 43 rows in GBK: 40 good ones, one of them twice, a day that does not exist, an amount that is no number.
const FILE = new URL('./files/orders_gbk.csv', import.meta.url)
const ROWS = 43

/** The same file under other order numbers, so that the test can run again on one server. */
function freshFile(): Buffer {
  const run = String(Date.now()).slice(-8)
  return Buffer.from(readFileSync(FILE).toString('latin1').replaceAll('RUN00000', run), 'latin1')
}

async function counts(page: import('@playwright/test').Page): Promise<number[]> {
  const shown = await page.locator('.zk-term strong').allTextContents()
  return shown.map(numberIn)
}

test('a GBK file goes from upload to a report that adds up, and a row is repaired', async ({ page }) => {
  await open(page, '/data/imports')
  await page.getByRole('link', { name: '导入文件' }).first().click()
  await page.locator('input[type=file]').setInputFiles({ name: `gbk_${Date.now()}.csv`, mimeType: 'text/csv', buffer: freshFile() })

  await expect(page).toHaveURL(/upload=/)
  await expect(page.getByText(/GB(K|18030)/i).first()).toBeVisible()
  await expect(page.getByRole('rowheader', { name: '联系手机' })).toBeVisible()
  // Personal columns are masked in the samples.
  await expect(page.locator('.zk-samples')).not.toContainText(['13812340001'])
  await page.screenshot({ path: `${SHOTS}/e2e-mapping.png`, fullPage: true })

  await page.getByRole('button', { name: '试运行' }).click()
  await expect(page.getByText('试运行完成')).toBeVisible()
  await expect(page.getByText('合计相符')).toBeVisible()
  await page.getByRole('button', { name: /^载入 \d+ 行$/ }).click()
  await expect(page.getByText('已载入')).toBeVisible()
  await page.getByRole('link', { name: '看完整报告' }).click()

  await expect(page.getByRole('heading', { name: '各列情况' })).toBeVisible()
  const [read = 0, loaded = 0, duplicate = 0, quarantined = 0] = await counts(page)
  expect(read).toBe(ROWS)
  expect(loaded + duplicate + quarantined).toBe(read)
  expect(duplicate).toBeGreaterThanOrEqual(1)
  expect(quarantined).toBeGreaterThanOrEqual(1)
  await expect(page.getByText('合计相符')).toBeVisible()
  await page.screenshot({ path: `${SHOTS}/e2e-report.png`, fullPage: true })

  const row = page.locator('tr', { hasText: '日期' }).filter({ hasText: '待处理' }).first()
  await row.getByRole('button').click()
  const sheet = page.locator('.zk-sheet')
  await sheet.getByLabel('查看理由').fill('核对下单时间后更正')
  await sheet.getByRole('button', { name: '显示内容' }).click()
  // The column that is wrong is named as in the file, marked, and in focus.
  await expect(sheet.getByLabel(/^订单创建时间.*出错的列/)).toBeFocused()
  await sheet.getByLabel(/^订单创建时间/).fill('2026-11-20 08:00:00')
  await sheet.getByRole('button', { name: '保存并重放' }).click()
  await expect(page.getByText(/重放完成/)).toBeVisible()
  expect(page.url()).not.toMatch(/1381234/)

  await page.getByRole('link', { name: '返回导入列表' }).click()
  await expect(page.getByRole('rowheader', { name: /gbk_/ }).first()).toBeVisible()
})

test('an upload shows how far it is and can be cancelled', async ({ page }) => {
  await open(page, '/data/imports/new')
  // The server is made to wait, so that the page can be seen waiting.
  let release = () => undefined as unknown
  const held = new Promise((resolve) => (release = () => resolve(undefined)))
  await page.route('**/api/v1/uploads', async (route) => {
    await held
    await route.abort().catch(() => undefined)
  })
  const content = Buffer.from(`order_id,amount\n${'1,2\n'.repeat(400_000)}`)
  await page.locator('input[type=file]').setInputFiles({ name: 'large.csv', mimeType: 'text/csv', buffer: content })
  await expect(page.getByRole('progressbar', { name: '上传进度' })).toBeVisible()
  await expect(page.getByText(/large\.csv/)).toBeVisible()
  await page.getByRole('button', { name: '取消' }).click()
  await expect(page.getByText('已取消上传')).toBeVisible()
  await expect(page.getByRole('button', { name: '选择文件' })).toBeVisible()
  release()
  await page.unroute('**/api/v1/uploads')
})

const PNG = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==', 'base64')

test.describe('a wrong file', () => {
  test.use({ allowed: [/Failed to load resource/] })
  for (const [what, file, says] of [
    ['a picture named .csv', { name: 'orders.csv', mimeType: 'text/csv', buffer: PNG }, /没能读取 orders\.csv/],
    ['a document named .xlsx', { name: 'report.xlsx', mimeType: 'application/octet-stream', buffer: Buffer.from('%PDF-1.7\n1 0 obj\n<< >>\nendobj\n%%EOF\n') }, /没能读取 report\.xlsx/],
    ['an empty file', { name: 'none.csv', mimeType: 'text/csv', buffer: Buffer.alloc(0) }, /none\.csv 是空文件/],
    ['a header without rows', { name: 'head.csv', mimeType: 'text/csv', buffer: Buffer.from('order_id,ordered_at,amount\n') }, /只有表头，没有数据行/],
  ] as const) {
    test(`is explained: ${what}`, async ({ page }) => {
      await open(page, '/data/imports/new')
      await page.locator('input[type=file]').setInputFiles(file)
      await expect(page.getByText(says).first()).toBeVisible()
      await page.screenshot({ path: `${SHOTS}/e2e-wrong-${file.name}.png`, fullPage: true })
    })
  }
})

test('dates of one column are read day first', async ({ page }) => {
  await open(page, '/data/imports/new')
  const rows = ['order_id,order date,shipped at,phone,amount']
  for (let at = 1; at <= 12; at += 1) rows.push(`D${Date.now()}${at},${String(at).padStart(2, '0')}/03/2026,2026-03-${String(at).padStart(2, '0')},1390000${String(1000 + at)},10.00`)
  await page.locator('input[type=file]').setInputFiles({ name: `dates_${Date.now()}.csv`, mimeType: 'text/csv', buffer: Buffer.from(rows.join('\n')) })
  await expect(page).toHaveURL(/upload=/)
  const choice = page.getByLabel('“order date”的日期写法')
  await choice.click()
  await page.locator('.ant-select-dropdown:visible .ant-select-item-option').filter({ hasText: '日/月/年' }).click()
  const asked = page.waitForRequest((request) => request.url().endsWith('/api/v1/imports') && request.method() === 'POST')
  await page.getByRole('button', { name: '试运行' }).click()
  const sent = (await asked).postDataJSON() as { mapping: { columns: { header: string; date_order?: string }[] } }
  expect(sent.mapping.columns.find((column) => column.header === 'order date')?.date_order).toBe('day_first')
  await expect(page.getByText('试运行完成')).toBeVisible()
})

// Titles, two rows twice, full-width digits, a day and an amount that do not exist, a row with too many cells, a total.
function dirtyFile(run: string): Buffer {
  const head = '订单编号,会员号,下单时间,订单状态,商品名称,数量,实付金额(元)'
  const row = (at: number, time = '2026-10-01 10:00:00', amount = '25.50') => `D${run}${at},M${run}${at % 5},${time},已完成,保温杯,1,${amount}`
  const rows = [row(1), row(2), row(3, '2026-02-30 10:00:00'), row(4, undefined, '面议'), row(5, undefined, '１２．５０'), `${row(6)},多,余`, row(7, '2026年10月3日'), row(1), row(2)]
  return Buffer.from(['十月门店订单', head, ...rows, '合计,,,,,,999'].join('\r\n'))
}

test('a dirty file: what is wrong is said in words, and a replay leads to what is still wrong', async ({ page }) => {
  await open(page, '/data/imports/new')
  const run = Date.now().toString(36)
  await page.locator('input[type=file]').setInputFiles({ name: `dirty_${run}.csv`, mimeType: 'text/csv', buffer: dirtyFile(run) })
  await expect(page).toHaveURL(/upload=/)
  await page.getByRole('button', { name: '试运行' }).click()
  await expect(page.getByText('试运行完成')).toBeVisible()
  await expect(page.getByText('合计相符')).toBeVisible()
  await expect(page.getByRole('rowheader', { name: '全角转半角' })).toBeVisible()
  const cleaning = page.getByRole('region', { name: '前 200 行：清洗前后' })
  await expect(cleaning.locator('tr', { hasText: '全角转半角' })).toContainText('12.50')
  await expect(cleaning.locator('tr', { hasText: '隔离：列数与表头不一致' })).toContainText('有 9 个单元格，表头有 7 列')
  await page.screenshot({ path: `${SHOTS}/e2e-cleaning.png`, fullPage: true })
  await page.getByRole('button', { name: /^载入 \d+ 行$/ }).click()
  await page.getByRole('link', { name: '修复隔离的 3 行' }).click()

  await expect(page).toHaveURL(/status=open/)
  const rows = page.locator('#quarantine tbody tr')
  await expect(rows).toHaveCount(3)
  await expect(rows.filter({ hasText: '面议' })).toContainText('实付金额(元)')
  await expect(rows.filter({ hasText: '列数与表头不一致' })).toContainText('有 9 个单元格，表头有 7 列')
  await page.getByRole('button', { name: '重放全部待处理行' }).click()
  await expect(page.getByText(/重放完成：载入 0 行/)).toBeVisible()
  await page.getByRole('link', { name: /去修复仍隔离的 \d+ 行/ }).click()
  await expect(page.getByRole('heading', { level: 1, name: /^重放：/ })).toBeVisible()
  await expect(rows.filter({ hasText: '面议' })).toContainText('待处理')
})

test('another sheet of a workbook is chosen and read as what it holds', async ({ page }) => {
  await open(page, '/data/imports/new')
  await page.locator('input[type=file]').setInputFiles(new URL('./files/sheets.xlsx', import.meta.url).pathname)
  await expect(page).toHaveURL(/upload=/)
  await expect(page.getByText(/一次读取一张工作表/)).toBeVisible()
  await expect(page.getByText('编码', { exact: true })).toHaveCount(0)
  await page.getByLabel('工作表').click()
  await page.locator('.ant-select-dropdown:visible .ant-select-item-option').filter({ hasText: '客户' }).click()
  await expect(page.getByRole('rowheader', { name: '注册日期' })).toBeVisible()
  await page.getByRole('button', { name: '试运行' }).click()
  await expect(page.getByText('试运行完成')).toBeVisible()
  await expect(page.getByRole('region', { name: '前 200 行：清洗前后' }).getByRole('columnheader', { name: '注册日期' })).toBeVisible()
})
