// Why somebody could not sign in, in words.
import type { TFunction } from 'i18next'
import { ApiError } from '../../api/client'
import type { Lang } from '../../format'

/** Waiting times are named in whole minutes, never less than there is to wait. */
export const minutesOf = (seconds: number): number => Math.max(1, Math.ceil(seconds / 60))

/** Why single sign-on led back here, by the code in the address; nothing when it did not. */
export function ssoProblem(t: TFunction, code: string | undefined): string {
  if (!code) return ''
  if (code === 'sso_no_account') return t('access.sso_no_account')
  if (code === 'locked_out') return t('access.sso_locked')
  if (code === 'outbound_failed' || code === 'outbound_refused') return t('access.sso_unreachable')
  return t('access.sso_refused')
}

/** What to tell; nothing for what is no failure but a further question. */
export function signInProblem(t: TFunction, error: unknown, lang: Lang, wasAskedForCode: boolean): string | undefined {
  if (!(error instanceof ApiError)) return error ? t('state.crashed') : undefined
  if (error.code === 'code_needed') return undefined
  if (error.code === 'wrong_credentials') return wasAskedForCode ? t('access.wrong_code') : t('access.wrong')
  if (error.code === 'locked_out' && error.retryAfterS !== undefined) return t('access.locked', { count: minutesOf(error.retryAfterS) })
  if (error.status === 0) return t('state.unreachable_help')
  return error.text(lang) || t('state.unreadable_help')
}
