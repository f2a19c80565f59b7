// Made-up answers of the API, the same on every run: a shop with 41,213 customers, as of 2026-11-21.

let seed = 20261121
function random() {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
  return seed / 4294967296
}
const pick = (list) => list[Math.floor(random() * list.length)]
const between = (low, high) => low + random() * (high - low)
const money = (value) => value.toFixed(2)
const AS_OF = '2026-11-21'
const day = (n) => new Date(Date.parse(`${AS_OF}T00:00:00Z`) + n * 86_400_000).toISOString().slice(0, 10)
const at = (n, hour = 3) => new Date(Date.parse(`${AS_OF}T00:00:00Z`) + n * 86_400_000 + hour * 3_600_000).toISOString()

export const workspace = {
  name: '青禾生活',
  currency: 'CNY',
  zone: 'Asia/Shanghai',
  version: '0.1.0',
  data_from: '2024-03-01',
  data_to: AS_OF,
  as_of: AS_OF,
  refreshed_at: '2026-11-21T03:50:00Z',
  n_profiles: 41213,
  n_orders: 186_402,
}

const daily = new Map()
function sales(on) {
  if (!daily.has(on)) {
    const weekday = new Date(`${on}T00:00:00Z`).getUTCDay()
    const peak = on.endsWith('11-11') ? 2.7 : on.endsWith('11-10') ? 1.5 : 1
    daily.set(on, between(33_000, 45_000) * (weekday % 6 === 0 ? 1.2 : 1) * peak)
  }
  return daily.get(on)
}

export function overview(from, to, compare) {
  const n = Math.round((Date.parse(to) - Date.parse(from)) / 86_400_000) + 1
  const shift = compare === 'year' ? 365 : n
  const list = Array.from({ length: n }, (_, index) => {
    const on = new Date(Date.parse(from) + index * 86_400_000).toISOString().slice(0, 10)
    const before = new Date(Date.parse(from) + (index - shift) * 86_400_000).toISOString().slice(0, 10)
    const isPartial = on === AS_OF
    const net = sales(on) * (isPartial ? 0.46 : 1)
    return {
      on,
      net_sales: money(net),
      orders: Math.round(net / 146),
      active_customers: Math.round(net / 160),
      is_partial: isPartial,
      previous_net_sales: before < '2024-03-01' ? null : money(sales(before) * 0.93),
    }
  })
  const sum = (key) => list.reduce((total, point) => total + Number(point[key] ?? 0), 0)
  const net = sum('net_sales')
  const series = (key) => list.map((point) => Number(point[key]))
  const rate = (base) => list.map(() => base + between(-0.02, 0.02))
  const segments = [
    ['champions', 0.084, 0.372, 12],
    ['promising_value', 0.061, 0.148, 18],
    ['keep_value', 0.052, 0.131, 96],
    ['cant_lose', 0.031, 0.096, 142],
    ['loyal_low', 0.118, 0.082, 15],
    ['promising', 0.207, 0.071, 21],
    ['slipping', 0.143, 0.058, 117],
    ['lost', 0.304, 0.042, 236],
  ]
  const total = 21_640_000
  const tiers = [
    ['core', 0.112, 0.463],
    ['potential', 0.238, 0.285],
    ['general', 0.402, 0.171],
    ['at_risk', 0.248, 0.081],
  ]
  return {
    from,
    to,
    compare_from: new Date(Date.parse(from) - shift * 86_400_000).toISOString().slice(0, 10),
    compare_to: new Date(Date.parse(to) - shift * 86_400_000).toISOString().slice(0, 10),
    currency: 'CNY',
    kpis: [
      { key: 'net_sales', unit: 'money', value: money(net), previous: money(net / 1.082), series: series('net_sales') },
      { key: 'orders', unit: 'count', value: sum('orders'), previous: Math.round(sum('orders') / 1.031), series: series('orders') },
      { key: 'active_customers', unit: 'count', value: 7218, previous: 7247, series: series('active_customers') },
      { key: 'new_customers', unit: 'count', value: 1930, previous: 1723, series: list.map(() => Math.round(between(40, 90))) },
      { key: 'repurchase_rate', unit: 'ratio', value: 0.312, previous: 0.304, series: rate(0.31) },
      { key: 'refund_rate', unit: 'ratio', value: 0.024, previous: 0.021, series: rate(0.024) },
    ],
    trend: list,
    tiers: tiers.map(([tier, people, share]) => ({ tier, n_customers: Math.round(41213 * people), customer_ratio: people, monetary: money(total * share), monetary_ratio: share })),
    rfm_segments: segments.map(([segment, people, share, days]) => ({
      rfm_segment: segment,
      n_customers: Math.round(41213 * people),
      customer_ratio: people,
      monetary: money(total * share),
      monetary_ratio: share,
      avg_recency_days: days,
    })),
    sentence_zh: '这段时间净销售额比上期多 8.2%，主要来自老客复购，客单价基本没变；“重要挽留”有 1,278 人平均 142 天没来，贡献过 9.6% 的销售额。',
    sentence_en: 'Net sales are up 8.2% on the period before; repeat customers drove it and the average order barely moved. 1,278 “can\'t lose” customers, who brought 9.6% of past sales, have been away for 142 days on average.',
  }
}

const SURNAMES = ['张', '王', '李', '赵', '陈', '刘', '杨', '黄', '周', '吴', '徐', '孙', '马', '朱', '胡', '林', '郭', '何']
const PLACES = [['浙江', '杭州'], ['上海', '上海'], ['广东', '深圳'], ['广东', '广州'], ['江苏', '南京'], ['四川', '成都'], ['北京', '北京'], ['湖北', '武汉'], ['福建', '厦门'], ['内蒙古', '呼和浩特']]
const TIER = { core: ['champions', 'keep_value'], potential: ['promising_value', 'loyal_low'], general: ['promising', 'slipping'], at_risk: ['cant_lose', 'lost'] }

const people = Array.from({ length: 230 }, (_, index) => {
  const tier = pick(Object.keys(TIER))
  const segment = pick(TIER[tier])
  const [province, city] = pick(PLACES)
  const isKnown = index % 7 !== 3
  const scores = { core: [5, 4, 5], potential: [4, 3, 4], general: [3, 2, 2], at_risk: [1, 3, 3] }[tier]
  const frequency = Math.round(between(1, tier === 'core' ? 60 : 12))
  return {
    profile_id: `prf_${(710_000 + index * 37).toString(36)}${index}`,
    name: isKnown ? pick(SURNAMES) + pick(['*', '*', '*丰']) : null,
    phone: isKnown ? `1${pick(['38', '39', '59', '87'])}****${String(Math.floor(random() * 10_000)).padStart(4, '0')}` : null,
    province: index % 11 === 5 ? null : province,
    city: index % 11 === 5 ? null : city,
    tier,
    rfm_segment: segment,
    r_score: scores[0],
    f_score: scores[1],
    m_score: scores[2],
    monetary: money(frequency * between(80, 420)),
    frequency,
    last_ordered_at: at(-Math.floor(index / 2), 2 + (index % 9)),
    more: {},
  }
})

function countOf(tier, segment) {
  const { tiers, rfm_segments } = overview(day(-6), AS_OF, 'prev')
  if (tier && segment) return 1
  return tiers.find((each) => each.tier === tier)?.n_customers ?? rfm_segments.find((each) => each.rfm_segment === segment)?.n_customers ?? workspace.n_profiles
}

export function profiles({ after, limit = 50, tier, rfm_segment }) {
  const all = people.filter((each) => (!tier || each.tier === tier) && (!rfm_segment || each.rfm_segment === rfm_segment))
  all.sort((a, b) => Number(b.monetary) - Number(a.monetary))
  const start = after ? Number(String(after).slice(1)) : 0
  const end = start + Number(limit)
  return { items: all.slice(start, end), next: end < all.length ? `c${end}` : null, total: countOf(tier, rfm_segment), n_customers: workspace.n_profiles, as_of: AS_OF, rule: { all: [] }, sentence: '', sentence_zh: '' }
}

export function search(value) {
  const found = { 13812345678: 1, M200321: 1, 'zhang@example.com': 1, 13900000000: 0 }[String(value)]
  return { items: found === undefined ? [] : [people[found]] }
}

const PRODUCTS = ['山茶花保湿精华 30ml', '棉麻四件套 1.8m 床', '低温慢烘燕麦片 1kg', '无线手持吸尘器 V8', '桂花乌龙茶礼盒', '儿童防晒帽', '不粘炒锅 30cm', '抽纸 24 包', '<script>alert(1)</script> 特价香皂', '全脂纯牛奶 250ml×24']

export function profile(profileId) {
  const item = people.find((each) => each.profile_id === profileId)
  if (!item) return undefined
  const months = []
  let cumulative = 0
  for (let year = 2024, month = 5; year < 2026 || month <= 11; month += 1) {
    if (month > 12) {
      month = 1
      year += 1
    }
    const orders = random() < 0.35 ? 0 : Math.ceil(random() * 4)
    const net = orders * between(90, 400)
    cumulative += net
    months.push({ month: `${year}-${String(month).padStart(2, '0')}`, net_amount: money(net), cumulative: money(cumulative), n_orders: orders })
  }
  const n = months.reduce((total, month) => total + month.n_orders, 0)
  return {
    currency: 'CNY',
    profile: {
      profile_id: item.profile_id,
      kind: 'person',
      name: item.name,
      phone: item.phone,
      email: item.name ? 'z***@example.com' : null,
      id_number: null,
      address: item.name ? '浙江省杭州市西湖区****' : null,
      birthday: item.name ? '1990-**-**' : null,
      gender: item.name ? 'female' : null,
      birth_year: item.name ? 1990 : null,
      country: '中国',
      province: item.province,
      city: item.city,
      member_level: '金卡',
      registered_on: '2024-05-02',
      acquisition_channel: '天猫',
      created_at: at(-930),
      first_seen_at: at(-932),
      last_seen_at: item.last_ordered_at,
      traits: { 常用收货方式: '丰巢', 积分: 1280, 肤质: '混合性', is_staff: false },
    },
    identities: [
      { identity_id: 'idn_1', kind: 'member_id', value: 'M20****21', status: 'active', first_seen_at: at(-932), last_seen_at: at(-3), source: '天猫订单' },
      { identity_id: 'idn_2', kind: 'phone', value: item.phone ?? '138****5678', status: 'active', first_seen_at: at(-932), last_seen_at: at(-3), source: '天猫订单' },
      { identity_id: 'idn_3', kind: 'openid', value: 'oX9k****************aQ2', status: 'active', first_seen_at: at(-402), last_seen_at: at(-40), source: '微信小店' },
      { identity_id: 'idn_4', kind: 'device_id', value: '7f3c****', status: 'set_aside', first_seen_at: at(-300), last_seen_at: at(-9), source: '网站' },
    ],
    edges: [
      { edge_id: 'edg_1', left_identity_id: 'idn_1', right_identity_id: 'idn_2', kind: 'deterministic', strength: 1, reason: '同一行订单里同时出现会员号和手机号', source: '天猫订单', created_at: at(-932), undone_at: null },
      { edge_id: 'edg_2', left_identity_id: 'idn_2', right_identity_id: 'idn_3', kind: 'deterministic', strength: 1, reason: '在小店绑定了同一个手机号', source: '微信小店', created_at: at(-402), undone_at: null },
      { edge_id: 'edg_3', left_identity_id: 'idn_1', right_identity_id: 'idn_4', kind: 'probabilistic', strength: 0.912, reason: '同一设备登录 14 次', source: '网站', created_at: at(-300), undone_at: at(-60) },
    ],
    rfm: {
      as_of: AS_OF,
      recency_days: 3,
      frequency: n,
      monetary: money(cumulative),
      r_score: item.r_score,
      f_score: item.f_score,
      m_score: item.m_score,
      rfm_segment: item.rfm_segment,
      tier: item.tier,
      mode: 'quantile',
      percentile: { recency: 0.962, frequency: 0.884, monetary: 0.931 },
      why_zh: ['最近一次下单在 3 天前，处在前 20%，R 得 5 分', '下单次数多于 88.4% 的客户', '累计消费高于 93.1% 的客户，所以归入“重要价值”'],
      why_en: ['Last ordered 3 days ago, within the top fifth: R is 5', 'Ordered more often than 88.4% of customers', 'Spent more than 93.1% of customers, hence “Champions”'],
    },
    totals: {
      n_orders: n,
      amount: money(cumulative * 1.04),
      refunded_amount: money(cumulative * 0.04),
      net_amount: money(cumulative),
      first_ordered_at: at(-932),
      last_ordered_at: item.last_ordered_at,
      average_order: money(cumulative / Math.max(n, 1)),
    },
    value_by_month: months,
  }
}

export function orders(profileId, { after, limit = 20 }) {
  const start = after ? Number(String(after).slice(1)) : 0
  const items = Array.from({ length: Math.min(Number(limit), 47 - start) }, (_, offset) => {
    const index = start + offset
    const lines = Array.from({ length: 1 + (index % 3) }, (_, line) => {
      const quantity = 1 + ((index + line) % 3)
      const price = 29 + ((index * 37 + line * 13) % 260)
      return { line_no: line + 1, product_id: `SKU${1000 + ((index * 7 + line) % 90)}`, product_name: PRODUCTS[(index + line) % PRODUCTS.length], quantity, unit_price: `${price}.0000`, amount: money(price * quantity), is_refund: index % 9 === 4 && line === 0 }
    })
    const amount = lines.reduce((total, line) => total + Number(line.amount), 0)
    const status = index % 9 === 4 ? 'partial_refund' : index % 13 === 6 ? 'cancelled' : index === 0 ? 'paid' : 'completed'
    const refunded = status === 'partial_refund' ? Number(lines[0].amount) : 0
    return {
      order_id: `2026${String(112_100_000 - index * 3711)}`,
      source: '天猫订单',
      ordered_at: at(-3 - index * 11, (index * 5) % 15),
      status,
      kind: 'sale',
      channel: index % 4 === 0 ? '微信小店' : '天猫',
      store_id: null,
      amount: money(amount),
      discount: index % 3 === 0 ? '15.00' : null,
      refunded_amount: money(refunded),
      net_amount: money(status === 'cancelled' ? 0 : amount - refunded),
      currency: 'CNY',
      original_amount: null,
      n_items: lines.reduce((total, line) => total + line.quantity, 0),
      items: lines,
    }
  })
  return { items, next: start + items.length < 47 ? `c${start + items.length}` : null }
}

const minutesAgo = (n) => new Date(Date.now() - n * 60_000).toISOString()
export const imports = [
  { batch_id: '7', file_name: '天猫订单_2026年11月.csv', entity: 'order_lines', source: '天猫订单', status: 'loaded', rows_read: 1_067_371, rows_loaded: 1_032_998, rows_duplicate: 34_335, rows_quarantined: 38, quality: 94, started_at: minutesAgo(130), finished_at: minutesAgo(128), error: null },
  { batch_id: '6', file_name: '会员资料-总部导出（最终版）.xlsx', entity: 'profiles', source: '会员系统', status: 'loaded', rows_read: 41_820, rows_loaded: 41_213, rows_duplicate: 602, rows_quarantined: 5, quality: 97.4, started_at: '2026-11-19T02:10:00Z', finished_at: '2026-11-19T02:10:06Z', error: null },
  { batch_id: '5', file_name: 'zendesk_tickets.jsonl', entity: 'interactions', source: 'zendesk', status: 'loaded', rows_read: 8_120, rows_loaded: 8_120, rows_duplicate: 0, rows_quarantined: 0, quality: 99, started_at: '2026-11-18T09:00:00Z', finished_at: '2026-11-18T09:00:01Z', error: null },
  { batch_id: '4', file_name: '门店流水.csv', entity: 'orders', source: '门店', status: 'failed', rows_read: 0, rows_loaded: 0, rows_duplicate: 0, rows_quarantined: 0, quality: null, started_at: '2026-11-18T08:40:00Z', finished_at: '2026-11-18T08:40:01Z', error: '前 50 行里找不到表头。请确认文件有列名，再重新导入。' },
]

export const mapping = {
  version: 1,
  entity: 'order_lines',
  source: '天猫订单',
  zone: 'Asia/Shanghai',
  date_order: 'year_first',
  currency: 'CNY',
  status_words: {},
  columns: [
    { header: '订单编号', target: 'order_id', unit: null, confidence: 1 },
    { header: '买家会员名', target: 'external_id', unit: null, confidence: 0.92 },
    { header: '收货人姓名', target: 'name', unit: null, confidence: 0.71 },
    { header: '联系手机', target: 'phone', unit: null, confidence: 0.96 },
    { header: '订单创建时间', target: 'ordered_at', unit: null, confidence: 1 },
    { header: '商品标题', target: 'product_name', unit: null, confidence: 0.94 },
    { header: '数量', target: 'quantity', unit: null, confidence: 1 },
    { header: '买家实际支付金额（元）', target: 'amount', unit: 'yuan', confidence: 0.98 },
    { header: '订单状态', target: 'status', unit: null, confidence: 0.97 },
    { header: '退款金额', target: 'refunded_amount', unit: 'yuan', confidence: 0.44 },
    { header: '导出时间', target: null, unit: null, confidence: 0 },
  ],
}

const target = (name, title_zh, title_en, personal = false, required = false) => ({ name, title_zh, title_en, personal, required })
export const upload = {
  upload_id: 'upl_1',
  file_name: '天猫订单_小样.csv',
  n_bytes: 188_412,
  encoding: 'GBK',
  delimiter: ',',
  sheet: null,
  other_sheets: [],
  entity: 'order_lines',
  source: '天猫订单',
  header: mapping.columns.map((column) => column.header),
  sample: [
    ['2026112100001234567', 'tb3****82', '张*', '138****5678', '2026-11-20 21:08:11', '山茶花保湿精华 30ml', '2', '256.00', '交易成功', '0.00', '2026-11-21 09:00'],
    ['2026112100001234568', 'q**8', '欧阳**', '159****1122', '2026-11-20 21:09:40', '全脂纯牛奶 250ml×24', '1', '69.90', '买家已付款，等待卖家发货', null, '2026-11-21 09:00'],
    ['2026112100001234569', 'w***n', '李*丰', '187****0098', '2026-11-20 21:15:02', '棉麻四件套 1.8m 床', '1', '329.00', '交易成功', '329.00', '2026-11-21 09:00'],
  ],
  mapping,
  doubts: [
    { code: 'target_unsure', column: '退款金额', target: 'refunded_amount' },
    { code: 'of_tomorrow', message_zh: '“导出时间”不像下单时间，没有映射。', message_en: '“导出时间” does not look like the time of the order; not mapped.' },
    '列“备注 / 留言”可能是买家留言，把握不足，未映射 / column "备注 / 留言" may be the buyer\'s note, not sure enough to map it',
  ],
  targets: [
    target('order_id', '订单编号', 'Order id', false, true),
    target('ordered_at', '下单时间', 'Ordered at', false, true),
    target('line_no', '明细行号', 'Line number'),
    target('product_id', '商品编码', 'Product id'),
    target('product_name', '商品名称', 'Product name'),
    target('quantity', '数量', 'Quantity'),
    target('unit_price', '单价', 'Unit price'),
    target('amount', '实付金额', 'Amount paid'),
    target('discount', '优惠金额', 'Discount'),
    target('refunded_amount', '退款金额', 'Refunded amount'),
    target('status', '订单状态', 'Status'),
    target('channel', '渠道', 'Channel'),
    target('external_id', '平台买家编号', 'Buyer id', true),
    target('name', '客户姓名', 'Name', true),
    target('phone', '手机号', 'Phone', true),
    target('address', '地址', 'Address', true),
  ],
}

export const report = {
  rows_read: 1_067_371,
  rows_loaded: 1_032_998,
  rows_duplicate: 34_335,
  rows_quarantined: 38,
  rules: { trim: 18_402, full_width: 1_203, excel_text: 1_067_371, null_word: 88_120, date_form: 4_120, money_form: 12, phone_form: 2_209, status_word: 1_067_371, duplicate_row: 34_335, masked_identity: 611, personal_masked: 84 },
  reasons: { unreadable_time: 21, id_precision_lost: 12, missing_required: 5 },
  columns: [
    { name: 'order_id', n: 1_032_998, n_missing: 0, n_distinct: 412_088, min: '2024030100000021', max: '2026112100001234569' },
    { name: 'ordered_at', n: 1_032_998, n_missing: 0, n_distinct: 398_200, min: '2024-03-01 00:00:12', max: '2026-11-21 11:49:58' },
    { name: 'external_id', n: 1_032_998, n_missing: 1_208, n_distinct: 40_960, min: null, max: null },
    { name: 'phone', n: 1_032_998, n_missing: 88_120, n_distinct: 39_802, min: null, max: null },
    { name: 'product_name', n: 1_032_998, n_missing: 3, n_distinct: 2_310, min: null, max: null },
    { name: 'quantity', n: 1_032_998, n_missing: 0, n_distinct: 44, min: '1', max: '360' },
    { name: 'amount', n: 1_032_998, n_missing: 12, n_distinct: 18_330, min: '0.01', max: '28900.00' },
    { name: 'refunded_amount', n: 1_032_998, n_missing: 1_001_220, n_distinct: 2_907, min: '0.00', max: '12800.00' },
    { name: 'status', n: 1_032_998, n_missing: 0, n_distinct: 6, min: null, max: null },
  ],
  quality: { score: 94, completeness: 97, validity: 95, uniqueness: 99, consistency: 90, timeliness: 88 },
  n_skipped_lines: 3,
  skipped_lines: ['天猫订单明细表', '导出时间：2026-11-21 09:00:00　操作人：运营', '合计,,,,,,,12350021.40,,,'],
  notes_zh: ['金额在每行重复出现，按订单只计一次。', '611 个脱敏手机号没有当作身份。'],
  notes_en: ['Amounts are repeated on each line and counted once per order.', '611 masked phone numbers were not used as identities.'],
  mapping,
}

const reasonTexts = {
  unreadable_time: ['无法识别的日期或时间。请改为如 2024-03-05 14:03:22 的写法，或在映射中指定日月顺序，再重放。', 'The date or time cannot be read. Write it as 2024-03-05 14:03:22, or name the order of day and month in the mapping, then replay.', '订单创建时间', '“2026/13/40 25:00”不是日期'],
  id_precision_lost: ['编号被表格软件转成科学计数法（如 1.23457E+18），位数已丢失。请以文本格式重新导出该列，再重放。', 'A spreadsheet turned the id into 1.23457E+18 and its digits are lost. Export the column again as text, then replay.', '订单编号', '“2.02611E+18”'],
  missing_required: ['必填列为空。请在源文件中补上该值，或在映射中改用有值的列，再重放。', 'A required column is empty. Fill it in the file, or map a column that has the value, then replay.', '订单编号', ''],
}
export const quarantined = Array.from({ length: 38 }, (_, index) => {
  const code = index < 21 ? 'unreadable_time' : index < 33 ? 'id_precision_lost' : 'missing_required'
  const [reason_zh, reason_en, column_name, detail] = reasonTexts[code]
  return { row_no: 1204 + index * 2711, reason_code: code, reason_zh, reason_en, column_name, detail, status: index === 2 ? 'replayed' : 'open' }
})
export const revealed = {
  header: mapping.columns.map((column) => column.header),
  cells: ['2026112100001234570', 'tb345382', '张三丰', '13812345678', '2026/13/40 25:00', '山茶花保湿精华 30ml', '2', '256.00', '交易成功', null, '2026-11-21 09:00'],
}
