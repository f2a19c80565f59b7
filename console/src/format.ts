// How numbers, money and dates are written, in one place. It knows nothing of React or of pages.

export type Lang = 'zh' | 'en'

export type FormatOptions = {
  lang: Lang
  /** ISO 4217 code of the workspace. */
  currency: string
  /** IANA zone of the workspace; instants are shown in it. */
  zone: string
}

export type Format = ReturnType<typeof createFormat>

type Numeric = number | string | null | undefined
type Text = string | null | undefined

/** Stands where there is no value. */
export const NO_VALUE = '--'
/** In place of a count of so few people that the role is not told of them. */
const FEW = '<10'

/** From here on, cards and axes write numbers short. */
const SHORT_FROM = 10_000

/** Formats for one language, currency and zone. */
export function createFormat({ lang, currency, zone }: FormatOptions) {
  const locale = lang === 'zh' ? 'zh-CN' : 'en-US'
  const money = { style: 'currency', currency, currencyDisplay: 'narrowSymbol' } as const
  const short = { notation: 'compact', maximumFractionDigits: 1, trailingZeroDisplay: 'stripIfInteger' } as const
  const percent = { style: 'percent', maximumFractionDigits: 1 } as const
  const make = (options: Intl.NumberFormatOptions) => {
    const format = new Intl.NumberFormat(locale, options)
    return (value: Numeric) => {
      if (value == null || value === '' || Number.isNaN(Number(value))) return NO_VALUE
      // A decimal string is written digit by digit; a detour over a float could change its last places.
      return trueMinus(format.format(value as number))
    }
  }

  const countExact = make({ maximumFractionDigits: 0 })
  const countShort = make(short)
  const four = make({ maximumFractionDigits: 4 })
  const moneyExact = make({ ...money, minimumFractionDigits: 2, maximumFractionDigits: 2 })
  const moneyStripped = make({ ...money, trailingZeroDisplay: 'stripIfInteger' })
  const moneyShort = make({ ...money, ...short })
  const percentStripped = make({ ...percent, trailingZeroDisplay: 'stripIfInteger' })
  const instantParts = new Intl.DateTimeFormat('en-CA', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
  })

  const shorten = (exact: (value: Numeric) => string, brief: (value: Numeric) => string) => (value: Numeric) =>
    value != null && Math.abs(Number(value)) >= SHORT_FROM ? brief(value) : exact(value)

  const parts = (instant: Text) => {
    const at = instant ? new Date(instant) : undefined
    if (!at || Number.isNaN(at.getTime())) return undefined
    const found = Object.fromEntries(instantParts.formatToParts(at).map((part) => [part.type, part.value]))
    return {
      day: `${found.year ?? ''}-${found.month ?? ''}-${found.day ?? ''}`,
      time: `${found.hour ?? ''}:${found.minute ?? ''}`,
    }
  }

  const instant = (value: Text) => {
    const found = parts(value)
    return found ? `${found.day} ${found.time}` : NO_VALUE
  }

  const daySentence = (day: Text) => {
    const found = splitDay(day)
    if (!found) return NO_VALUE
    if (lang === 'zh') return `${found.year}年${found.month}月${found.day}日`
    return `${MONTHS[found.month - 1] ?? ''} ${found.day}, ${found.year}`
  }

  return {
    lang,
    currency,
    zone,
    /** Currency sign for column headings: 元 for yuan in Chinese, else the narrow symbol. */
    moneyUnit: lang === 'zh' && currency === 'CNY' ? '元' : symbolOf(currency),
    /** Sign before an amount. */
    moneySign: symbolOf(currency),

    /** 12,345 */
    count: countExact,
    /** 12,345; where the role is not told of so few people: <10 */
    people: (value: Numeric) => (value == null ? FEW : countExact(value)),
    /** 1.2万 / 12.3K, exact below 10,000. */
    countShort: shorten(countExact, countShort),
    /** Up to three decimals, for goods sold by weight. */
    quantity: make({ maximumFractionDigits: 3 }),
    /** ¥1,234.50 */
    money: moneyExact,
    /** ¥123.5万 / ¥1.2M, exact below 10,000. */
    moneyShort: shorten(moneyStripped, moneyShort),
    /** 1,234.50: for columns that name the unit in the heading. */
    amount: make({ minimumFractionDigits: 2, maximumFractionDigits: 2 }),
    /** Amounts in whole units, for columns of large sums. */
    amountWhole: make({ maximumFractionDigits: 0 }),
    /** 12.3 %, whole per cents without a decimal. */
    ratio: percentStripped,
    /** 12.3 %, always one decimal: for columns. */
    ratioColumn: make({ ...percent, minimumFractionDigits: 1 }),
    /** Change of a rate: 0.8 个百分点 / 0.8 pp. */
    points: (ratio: Numeric) => {
      if (ratio == null) return NO_VALUE
      const value = make({ maximumFractionDigits: 1 })(Number(ratio) * 100)
      return lang === 'zh' ? `${value} 个百分点` : `${value} pp`
    },
    /** A file's size. */
    bytes: (value: Numeric) => {
      if (value == null) return NO_VALUE
      const steps = ['B', 'KB', 'MB', 'GB', 'TB']
      let size = Number(value)
      let at = 0
      while (size >= 1024 && at < steps.length - 1) {
        size /= 1024
        at += 1
      }
      return `${make({ maximumFractionDigits: at === 0 ? 0 : 1 })(size)} ${steps[at] ?? ''}`
    },

    /** 2026年11月21日 / Nov 21, 2026 */
    daySentence,
    /** 2026-11-21 */
    day: (day: Text) => splitDay(day)?.text ?? NO_VALUE,
    /** 11-21 */
    dayAxis: (day: Text) => splitDay(day)?.text.slice(5) ?? NO_VALUE,
    /** 11-01 ～ 11-21; with years where they differ. */
    dayRange: (from: Text, to: Text) => {
      const first = splitDay(from)
      const last = splitDay(to)
      if (!first || !last) return NO_VALUE
      const skip = first.year === last.year ? 5 : 0
      return first.text.slice(skip) + (lang === 'zh' ? ' ～ ' : ' – ') + last.text.slice(skip)
    },
    /** Lowest and highest value of a column, whatever it holds: instants in the zone, numbers without idle zeros. */
    bounds: (min: Text, max: Text) => {
      const write = (value: string) => {
        if (/^\d{4}-\d{2}-\d{2}T[\d:.]+Z$/.test(value)) return instant(value)
        return /^-?\d+\.\d+$/.test(value) ? four(value) : value
      }
      if (min == null && max == null) return NO_VALUE
      if (min == null || max == null || min === max) return write(min ?? max ?? '')
      return write(min) + (lang === 'zh' ? ' ～ ' : ' – ') + write(max)
    },
    /** 2026年11月 / Nov 2026 */
    month: (month: Text) => {
      const found = splitDay(month ? `${month.slice(0, 7)}-01` : month)
      if (!found) return NO_VALUE
      return lang === 'zh' ? `${found.year}年${found.month}月` : `${MONTHS[found.month - 1] ?? ''} ${found.year}`
    },
    /** 2026年第47周 / Week 47, 2026; weeks start on Monday. */
    week: (day: Text) => {
      const found = isoWeek(day)
      if (!found) return NO_VALUE
      return lang === 'zh' ? `${found.year}年第${found.week}周` : `Week ${found.week}, ${found.year}`
    },
    /** 2026-11-21 14:08 in the workspace zone. */
    instant,
    /** The day of an instant in the workspace zone. */
    instantDay: (value: Text) => parts(value)?.day ?? NO_VALUE,
    /** 14:08 */
    time: (value: Text) => parts(value)?.time ?? NO_VALUE,
    /** 11-21 14:08 */
    instantShort: (value: Text) => {
      const found = parts(value)
      return found ? `${found.day.slice(5)} ${found.time}` : NO_VALUE
    },
    /** 刚刚 / 5 分钟前 within a day, else the exact time. */
    relative: (value: Text, now: number = Date.now()) => {
      const at = value ? new Date(value).getTime() : Number.NaN
      if (Number.isNaN(at)) return NO_VALUE
      const minutes = Math.floor((now - at) / 60_000)
      if (minutes < 0 || minutes >= 24 * 60) return instant(value)
      if (minutes < 1) return lang === 'zh' ? '刚刚' : 'just now'
      const [n, zh, en] = minutes < 60 ? [minutes, '分钟前', 'min ago'] : [Math.floor(minutes / 60), '小时前', 'h ago']
      return lang === 'zh' ? `${n} ${zh}` : `${n} ${en}`
    },
  }
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

function trueMinus(text: string): string {
  return text.replace('-', '−')
}

function symbolOf(currency: string): string {
  const parts = new Intl.NumberFormat('en-US', { style: 'currency', currency, currencyDisplay: 'narrowSymbol' }).formatToParts(0)
  return parts.find((part) => part.type === 'currency')?.value ?? currency
}

function splitDay(day: Text): { text: string; year: number; month: number; day: number } | undefined {
  const found = /^(\d{4})-(\d{2})-(\d{2})/.exec(day ?? '')
  return found ? { text: found[0], year: Number(found[1]), month: Number(found[2]), day: Number(found[3]) } : undefined
}

function isoWeek(day: Text): { year: number; week: number } | undefined {
  const found = splitDay(day)
  if (!found) return undefined
  const at = new Date(Date.UTC(found.year, found.month - 1, found.day))
  // The week belongs to the year that holds its Thursday.
  at.setUTCDate(at.getUTCDate() + 4 - (at.getUTCDay() || 7))
  const year = at.getUTCFullYear()
  return { year, week: Math.ceil(((at.getTime() - Date.UTC(year, 0, 1)) / 86_400_000 + 1) / 7) }
}
