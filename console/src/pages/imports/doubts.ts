// What a person should check about a guessed mapping, in the reader's words. A doubt is a code with what it is about;
// codes that are not known here are said as the server says them, and so is the older form, one text in two languages.
import type { TFunction } from 'i18next'
import type { Target } from '../../api/types'
import type { Format, Lang } from '../../format'
import { zh } from '../../i18n/zh'

/** A doubt as the server codes it. */
export type CodedDoubt = {
  code: string
  /** Header of the column at issue. */
  column?: string | null
  /** Name of the target at issue. */
  target?: string | null
  /** Share of sampled values that fit, 0 to 1. */
  ratio?: number | null
  /** How dates are read meanwhile. */
  date_order?: string | null
  message_zh?: string | null
  message_en?: string | null
}
export type Doubt = string | CodedDoubt

type Context = { t: TFunction; lang: Lang; format: Pick<Format, 'ratio'>; targets: readonly Target[] }

/** Doubts that the mapping editor says by itself, as they stand after every change. */
const LIVE: readonly string[] = ['missing_required']

export function isLive(doubt: Doubt): boolean {
  return typeof doubt !== 'string' && LIVE.includes(doubt.code)
}

export function sayDoubt({ t, lang, format, targets }: Context, doubt: Doubt): string {
  if (typeof doubt === 'string') return inLanguage(doubt, lang)
  const { code, column, target, ratio, date_order } = doubt
  if (Object.hasOwn(zh.doubt, code)) {
    const found = targets.find((each) => each.name === target)
    const order = date_order != null && Object.hasOwn(zh.mapping, date_order) ? date_order : undefined
    // The keys are known to exist, which the compiler cannot see.
    const say = t as unknown as (key: string, values?: object) => string
    return say(`doubt.${code}`, {
      column: column ?? '',
      target: found ? (lang === 'zh' ? found.title_zh : found.title_en) : (target ?? ''),
      ratio: format.ratio(ratio),
      order: order ? say(`mapping.${order}`) : '',
    })
  }
  return (lang === 'zh' ? doubt.message_zh : doubt.message_en) ?? doubt.message_en ?? doubt.message_zh ?? code
}

/** One language of "中文 / English". Both halves quote the same names, so the seam is the middle one of the slashes. */
export function inLanguage(text: string, lang: Lang): string {
  const parts = text.split(' / ')
  if (parts.length % 2 !== 0) return text
  const half = lang === 'zh' ? parts.slice(0, parts.length / 2) : parts.slice(parts.length / 2)
  return half.join(' / ')
}
