// Two customers are merged on a customer's page, told why, and parted again by undoing; rules are tried before they are in force.
import { expect, open, SHOTS, test } from './console'

const WORDS = {
  zh: { other: '另一位客户', reason: '理由', merge: '合并为一位客户', yes: '合并', acts: '人工判定', undo: '撤销', holds: '生效', by_hand: '人工判定为同一位客户', joined: '如何合并的', split_card: '拆分', split: /^拆分选中/, split_yes: '拆分', sizes: '每位客户有几个身份', limit: '手机号的上限', member: '一人只有一个会员号', try: '试算', nothing: '没有客户发生变化', golden: '主档取值规则', rule_of: '城市的规则', order_of: '城市的来源顺序', golden_try: '试算取值', golden_apply: '启用取值规则', nothing_said: '没有客户的资料发生变化', with: /将与 .+ 合并/ },
  en: { other: 'Other customer', reason: 'Reason', merge: 'Merge into one customer', yes: 'Merge', acts: 'Decisions by hand', undo: 'Undo', holds: 'Holds', by_hand: 'decided by hand to be one person', joined: 'How they were joined', split_card: 'Split', split: /^Split 1/, split_yes: 'Split', sizes: 'How many identities customers have', limit: 'Limit of Phone', member: 'One Member number per person', try: 'Try', nothing: 'no customer changes', golden: 'Golden record', rule_of: 'Rule of City', order_of: 'Order of sources of City', golden_try: 'Try these rules', golden_apply: 'Put these in force', nothing_said: 'no customer changes', with: /^With .+ together/ },
} as const

type List = { items: { profile_id: string }[] }

for (const lang of ['zh', 'en'] as const) {
  const words = WORDS[lang]

  test(`two customers are merged, split and as before (${lang})`, async ({ page }) => {
    const { items } = (await (await page.request.get('/api/v1/profiles?limit=40')).json()) as List
    const at = lang === 'zh' ? 20 : 30
    const [one, other] = [items[at]?.profile_id ?? '', items[at + 1]?.profile_id ?? '']
    await open(page, `/customers/${one}?tab=identities`, lang)
    await page.getByLabel(words.other, { exact: true }).fill(other)
    await expect(page.getByText(words.with)).toBeVisible()
    await page.getByLabel(words.reason, { exact: true }).last().fill(`check ${lang}`)
    await page.getByRole('button', { name: words.merge, exact: true }).click()
    await page.getByRole('tooltip').getByRole('button', { name: words.yes, exact: true }).click()
    const acts = page.getByRole('region', { name: words.acts })
    await expect(acts.locator('tbody tr').filter({ hasText: `check ${lang}` })).toContainText(words.holds)
    await expect(page.getByText(words.by_hand).first()).toBeVisible()
    await page.screenshot({ path: `${SHOTS}/e2e-identity-merged-${lang}.png`, fullPage: true })

    await acts.locator('tbody tr').filter({ hasText: `check ${lang}` }).getByRole('button', { name: words.undo }).click()
    await page.getByRole('tooltip').getByRole('button', { name: words.undo, exact: true }).click()
    await expect(acts.locator('tbody tr').filter({ hasText: `check ${lang}` })).not.toContainText(words.holds)
    for (const id of [one, other]) {
      const sheet = (await (await page.request.get(`/api/v1/profiles/${id}`)).json()) as { profile: { profile_id: string }; identities: unknown[] }
      expect(sheet.profile.profile_id).toBe(id)
      expect(sheet.identities).toHaveLength(1)
    }
  })

  test(`rules of identity are tried (${lang})`, async ({ page }) => {
    await open(page, '/data/identity', lang)
    await expect(page.getByRole('table', { name: words.sizes })).toBeVisible()
    await page.getByLabel(words.member, { exact: true }).check()
    await page.getByLabel(words.limit, { exact: true }).fill('3')
    await page.getByRole('button', { name: words.try, exact: true }).click()
    await expect(page.getByRole('status').filter({ hasText: words.nothing })).toBeVisible()
    await page.screenshot({ path: `${SHOTS}/e2e-identity-${lang}.png`, fullPage: true })
  })

  test(`rules of the golden record are tried and put in force (${lang})`, async ({ page }) => {
    await open(page, '/data/identity', lang)
    const card = page.getByRole('region', { name: words.golden, exact: true })
    await card.getByLabel(words.rule_of, { exact: true }).selectOption('most_trusted')
    await card.getByLabel(words.order_of, { exact: true }).fill('')
    await expect(card.getByRole('alert')).toBeVisible()
    await card.getByLabel(words.order_of, { exact: true }).fill('crm, till')
    await card.getByRole('button', { name: words.golden_try }).click()
    await expect(card.getByRole('status')).toContainText(words.nothing_said)
    await card.getByRole('button', { name: words.golden_apply }).click()
    await page.getByRole('tooltip').getByRole('button', { name: words.golden_apply }).click()
    await expect(card.getByLabel(words.order_of, { exact: true })).toHaveValue('crm, till')
    const sheet = (await (await page.request.get('/api/v1/identity/golden')).json()) as { version: number; rules: { fields: Record<string, { by: string }> } }
    expect(sheet.rules.fields.city?.by).toBe('most_trusted')
    await page.screenshot({ path: `${SHOTS}/e2e-golden-${lang}.png`, fullPage: true })
  })
}
