// Questions about satisfaction as the page holds them. Pure.
import type { ScopeJson } from '../insight/question'

export const KINDS = ['nps', 'csat', 'review'] as const
export const PERIODS = ['day', 'week', 'month', 'quarter'] as const
export const DIMENSIONS = ['province', 'city', 'member_level', 'acquisition_channel'] as const
export type SatisfactionJson = ScopeJson & { kind: (typeof KINDS)[number]; by: (typeof PERIODS)[number]; dimension?: (typeof DIMENSIONS)[number] | undefined }

export const FIRST_SATISFACTION: SatisfactionJson = { kind: 'nps', by: 'month' }

/** Only words that are known; the rest is as usual. */
export function knownSatisfaction(question: SatisfactionJson): SatisfactionJson {
  const { dimension, ...rest } = question
  const of = <T>(all: readonly T[], value: T, usual: T) => (all.includes(value) ? value : usual)
  const known = { ...rest, kind: of(KINDS, question.kind, 'nps'), by: of(PERIODS, question.by, 'month') }
  return dimension && DIMENSIONS.includes(dimension) ? { ...known, dimension } : known
}
