// Limits of identities as texts of a form, and back.
import type { IdentityRules } from '../../api/types'

export type Texts = Readonly<Record<string, string>>

/** The kinds of identities, the strongest first. */
const KINDS = ['member_id', 'id_number', 'unionid', 'openid', 'external_id', 'phone', 'email', 'card_no', 'device_id', 'anonymous_id'] as const
const MOST = 62

export function textsOf(rules: IdentityRules): Texts {
  return Object.fromEntries(KINDS.map((kind) => [kind, String(rules.limits[kind] ?? '')]))
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
