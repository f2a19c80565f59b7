// What a person should check about a guessed mapping, in the reader's words. A doubt is a code with what it is about;
// codes that are not known here are said as the server says them.
import type { TFunction } from 'i18next'
import type { Doubt, Target } from '../../api/types'
import type { Format, Lang } from '../../format'
import { said } from '../../words'

type Context = { t: TFunction; lang: Lang; format: Pick<Format, 'ratio'>; targets: readonly Target[] }

/** Doubts that the mapping editor says by itself, as they stand after every change. */
const LIVE: readonly string[] = ['missing_required']

export function isLive(doubt: Doubt): boolean {
  return LIVE.includes(doubt.code)
}

export function sayDoubt({ t, lang, format, targets }: Context, doubt: Doubt): string {
  const { code, column, target, ratio, date_order } = doubt
  const found = targets.find((each) => each.name === target)
  return said(t, `doubt.${code}`, lang === 'zh' ? doubt.message_zh : doubt.message_en, {
    column: column ?? '',
    target: found ? (lang === 'zh' ? found.title_zh : found.title_en) : (target ?? ''),
    ratio: format.ratio(ratio),
    order: date_order === null ? '' : said(t, `mapping.${date_order}`, ''),
  })
}
