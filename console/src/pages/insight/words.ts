// Names of the parts of answers.
import type { TFunction } from 'i18next'
import type { AnalysisPart, PathsAnswer } from '../../api/types'
import { word } from '../../words'
import type { BreakdownJson } from './question'

/** A part of a breakdown: codes by their words, what is in a segment and what is not. */
export function partName(t: TFunction, breakdown: BreakdownJson | undefined, part: AnalysisPart | null | undefined): string {
  if (!part) return t('insight.all')
  if (part.kind === 'other') return t('insight.other')
  if (part.kind === 'missing' || part.value == null) return t('insight.missing')
  if (breakdown && 'segment' in breakdown) return part.value === 'in' ? t('insight.inside') : t('insight.outside')
  if (breakdown?.score === 'rfm.tier') return word(t, 'tier', part.value)
  if (breakdown?.score === 'rfm.segment') return word(t, 'segment', part.value)
  return part.value
}

type Node = PathsAnswer['flows'][number]['from']

export function nodeName(t: TFunction, node: Node, isBefore: boolean): string {
  if (node.kind === 'event') return node.event ?? ''
  if (node.kind === 'other') return t('insight.other')
  return isBefore ? t('insight.path_begin') : t('insight.path_end')
}

/** How long, in the largest unit that says it. */
export function lengthOf(t: TFunction, seconds: number | null | undefined): string {
  if (seconds == null) return '--'
  const write = (n: number) => String(n < 10 ? Math.round(n * 10) / 10 : Math.round(n))
  if (seconds < 120) return t('insight.seconds', { n: write(seconds) })
  if (seconds < 7200) return t('insight.minutes', { n: write(seconds / 60) })
  if (seconds < 172_800) return t('insight.hours', { n: write(seconds / 3600) })
  return t('insight.lasting_days', { n: write(seconds / 86_400) })
}
