// Words for why a link was made or refused.
import type { TFunction } from 'i18next'
import { word } from '../../words'

const FAMILIES = ['shared', 'set_aside', 'conflict'] as const
const ALONE = ['same_row', 'qr_bind', 'by_hand', 'kept_apart', 'likely'] as const

/** A reason's code in words, such as shared_phone or kept_apart. */
export function reasonWord(t: TFunction, code: string): string {
  const alone = ALONE.find((each) => each === code)
  if (alone) return t(`who.reason_${alone}`)
  const family = FAMILIES.find((each) => code.startsWith(`${each}_`))
  return family ? t(`who.reason_${family}`, { kind: word(t, 'identity', code.slice(family.length + 1)) }) : code
}
