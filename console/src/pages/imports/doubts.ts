// What a person should check about a guessed mapping, in the reader's words. A doubt is a code with what it is about;
// codes that are not known here are said as the server says them.
import type { TFunction } from 'i18next'
import type { Doubt, Target } from '../../api/types'
import type { Format, Lang } from '../../format'
import { zh } from '../../i18n/zh'

type Context = { t: TFunction; lang: Lang; format: Pick<Format, 'ratio'>; targets: readonly Target[] }

/** Doubts that the mapping editor says by itself, as they stand after every change. */
const LIVE: readonly string[] = ['missing_required']

export function isLive(doubt: Doubt): boolean {
  return LIVE.includes(doubt.code)
}

export function sayDoubt({ t, lang, format, targets }: Context, doubt: Doubt): string {
  const { code, column, target, ratio, date_order } = doubt
  if (Object.hasOwn(zh.doubt, code)) {
    const found = targets.find((each) => each.name === target)
    const order = date_order !== null && Object.hasOwn(zh.mapping, date_order) ? date_order : undefined
    // The keys are known to exist, which the compiler cannot see.
    const say = t as unknown as (key: string, values?: object) => string
    return say(`doubt.${code}`, {
      column: column ?? '',
      target: found ? (lang === 'zh' ? found.title_zh : found.title_en) : (target ?? ''),
      ratio: format.ratio(ratio),
      order: order ? say(`mapping.${order}`) : '',
    })
  }
  return lang === 'zh' ? doubt.message_zh : doubt.message_en
}
