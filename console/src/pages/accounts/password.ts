// What a password must be, told while it is typed. The server decides, by the same rules and its list of common passwords.

export const MIN_CHARS = 12
/** From here on any kinds of characters do. */
export const LONG_CHARS = 16
export const MAX_CHARS = 128
const MIN_DISTINCT = 5

export const RULES = ['length', 'kinds', 'name', 'varied'] as const
export type PasswordRule = (typeof RULES)[number]

const KINDS = [/\p{Lowercase}/u, /\p{Uppercase}/u, /\p{N}/u, /[^\p{Lowercase}\p{Uppercase}\p{N}]/u]

/** Which rules a password keeps. */
export function keptRules(password: string, name: string): Record<PasswordRule, boolean> {
  const n = Array.from(password).length
  const lower = password.toLowerCase()
  return {
    length: n >= MIN_CHARS && n <= MAX_CHARS,
    kinds: n >= LONG_CHARS || KINDS.filter((kind) => kind.test(password)).length >= 3,
    name: password !== '' && !(Array.from(name).length >= 3 && lower.includes(name.toLowerCase())),
    varied: new Set(lower).size >= MIN_DISTINCT,
  }
}

export const isGoodPassword = (password: string, name: string): boolean => Object.values(keptRules(password, name)).every(Boolean)

export type Strength = 'weak' | 'fair' | 'strong'

/** How hard a password is to guess, by its length and the signs in it; never strong where a rule is broken. */
export function strengthOf(password: string, name: string): Strength {
  if (!isGoodPassword(password, name)) return 'weak'
  const pool = [26, 26, 10, 33].reduce((sum, size, kind) => sum + (KINDS[kind]?.test(password) ? size : 0), 0)
  // A sign that comes again adds little.
  const distinct = new Set(password).size
  const n = distinct + (Array.from(password).length - distinct) / 4
  return n * Math.log2(pool) >= 80 ? 'strong' : 'fair'
}
