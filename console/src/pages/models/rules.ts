// The customers behind a number of the board, as a rule.
import type { RuleJson } from '../../api/segments'

const at = (score: string, op: 'ge' | 'lt' | 'eq', value: number) => ({ score, op, value })

/** From one bound up to the next; the last range has no end. */
function between(score: string, bounds: readonly number[], index: number, isEnded: boolean): object[] {
  const [low, high] = [bounds[index] ?? 0, bounds[index + 1]]
  const above = index === 0 ? [] : [at(score, 'ge', low)]
  const isLast = high === undefined || (isEnded && index === bounds.length - 2)
  return [...above, ...(isLast ? [] : [at(score, 'lt', high)])]
}

/** Active customers of a range of chances and one of values. */
export function cellRule(chances: readonly number[], values: readonly number[], chance: number, value: number): RuleJson {
  return { all: [at('churn.probability', 'ge', chances[chance] ?? 0), ...between('churn.probability', chances, chance, true).slice(chance === 0 ? 0 : 1), ...between('clv.expected_value', values, value, false)] }
}

/** Customers of a range of values, whoever has left too. */
export function valueRule(values: readonly number[], index: number): RuleJson {
  const parts = between('clv.expected_value', values, index, false)
  return { all: parts.length > 0 ? parts : [{ score: 'clv.expected_value', op: 'exists' }] }
}

export const riskRule = (risk: string): RuleJson => ({ all: [{ score: 'churn.risk', op: 'in', value: [risk] }] })

/** Those who put at least so much at risk. */
export const reachRule = (atLeast: number): RuleJson => ({ all: [at('churn.value_at_risk', 'ge', atLeast)] })

export const clusterRule = (cluster: number): RuleJson => ({ all: [at('clusters.cluster', 'eq', cluster)] })
