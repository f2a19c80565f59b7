// How segments and what stands in their rules are called.
import type { TFunction } from 'i18next'
import { useTranslation } from 'react-i18next'
import type { Lang } from '../../format'
import { word } from '../../words'

type Sentences = { sentence: string; sentence_zh: string }

export function sentenceOf({ sentence, sentence_zh }: Sentences, lang: Lang): string {
  return lang === 'zh' ? sentence_zh : sentence
}

/** The word for a field of a rule; further attributes are called by their own names. */
export function fieldWord(t: TFunction, group: 'trait' | 'score' | 'fact_field', name: string): string {
  const code = name.replaceAll('.', '_')
  const found = word(t, group, code)
  return found === code ? name : found
}

export function RefreshWord({ refresh }: { refresh: string }) {
  const { t } = useTranslation()
  return <>{refresh === 'live' ? t('segments.refresh_live') : refresh === 'manual' ? t('segments.refresh_manual') : t('segments.refresh_daily')}</>
}
