// Whom segments share, as a rule. Pure.
import type { RuleJson } from '../../api/segments'

/** The rule for the people who are in some of the segments and in none of the others. */
export function exactly(all: readonly string[], inside: readonly string[]): RuleJson {
  return { all: all.map((segment) => ({ segment, op: inside.includes(segment) ? 'in' : 'not_in' })) }
}
