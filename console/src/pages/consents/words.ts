// Words of purposes and requests.
import type { TFunction } from 'i18next'
import type { Purpose } from '../../api/types'
import type { Lang } from '../../format'

export const BASES = ['consent', 'contract', 'legal_duty', 'vital', 'public', 'legitimate_interest'] as const
export const SEPARATE = ['sensitive', 'third_party', 'abroad', 'minor', 'publish'] as const
const STATES = ['granted', 'withdrawn', 'unknown', 'outdated'] as const
const REFUSALS = ['no_consent', 'outdated', 'opted_out', 'minor'] as const
export const KINDS = ['access', 'copy', 'portability', 'correction', 'deletion', 'explanation', 'withdrawal', 'opt_out', 'next_of_kin'] as const
/** Kinds with which a copy leaves. */
export const HANDED_OUT: readonly string[] = ['access', 'copy', 'portability']
export const STATUSES = ['new', 'checked', 'doing', 'done', 'refused'] as const
export const REASONS = ['not_identified', 'nothing_held', 'legal_duty', 'retention_period', 'others_rights', 'not_feasible', 'repeated', 'taken_back'] as const

const known = <T extends string>(all: readonly T[], value: string): T | undefined => all.find((each) => each === value)

export const nameOf = (purpose: Purpose, lang: Lang) => (lang === 'zh' ? purpose.name_zh : purpose.name)

export function basisWord(t: TFunction, value: string): string {
  const word = known(BASES, value)
  return word ? t(`consents.basis_${word}`) : value
}

export function separateWord(t: TFunction, value: string): string {
  const word = known(SEPARATE, value)
  return word ? t(`consents.separate_${word}`) : value
}

export function stateWord(t: TFunction, value: string): string {
  const word = known(STATES, value)
  return word ? t(`consents.state_${word}`) : value
}

export function refusalWord(t: TFunction, value: string): string {
  const word = known(REFUSALS, value)
  return word ? t(`consents.refusal_${word}`) : value
}

export function kindWord(t: TFunction, value: string): string {
  const word = known(KINDS, value)
  return word ? t(`requests.kind_${word}`) : value
}

export function statusWord(t: TFunction, value: string): string {
  const word = known(STATUSES, value)
  return word ? t(`requests.status_${word}`) : value
}

export function reasonWord(t: TFunction, value: string): string {
  const word = known(REASONS, value)
  return word ? t(`requests.reason_${word}`) : value
}
