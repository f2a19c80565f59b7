// Limits of identities as texts of a form, and back.
import type { IdentityRules } from '../../api/types'

export type Texts = Readonly<Record<string, string>>

/** The kinds of identities, the strongest first. */
const KINDS = ['member_id', 'id_number', 'unionid', 'openid', 'external_id', 'phone', 'email', 'card_no', 'device_id', 'anonymous_id'] as const
const MOST = 62

export function textsOf(rules: IdentityRules): Texts {
  return Object.fromEntries(KINDS.map((kind) => [kind, String(rules.limits[kind] ?? '')]))
}

/** A probability in per cent as it is written; undefined when it is none that the server takes. */
function shareOf(text: string): number | undefined {
  const share = Number(text) / 100
  return text.trim() !== '' && share >= 0.2 && share <= 1 ? share : undefined
}

export type MatchingTexts = Readonly<{ isOn: boolean; join: string; review: string }>

export function matchingTexts({ matching }: IdentityRules): MatchingTexts {
  const percent = (share: number) => String(Math.round(share * 1000) / 10)
  return { isOn: matching.is_on, join: percent(matching.join_from), review: percent(matching.review_from) }
}

/** Undefined when the texts are no thresholds. */
export function matchingOf(texts: MatchingTexts): IdentityRules['matching'] | undefined {
  const [join, review] = [shareOf(texts.join), shareOf(texts.review)]
  if (join === undefined || review === undefined || review > join) return undefined
  return { is_on: texts.isOn, join_from: join, review_from: review }
}

/** Undefined when a text is no limit. */
export function limitsOf(texts: Texts): Record<string, number | null> | undefined {
  const limits: Record<string, number | null> = {}
  for (const [kind, text] of Object.entries(texts)) {
    const n = text.trim() === '' ? null : Number(text)
    if (n !== null && !(Number.isInteger(n) && n >= 1 && n <= MOST)) return undefined
    limits[kind] = n
  }
  return limits
}
