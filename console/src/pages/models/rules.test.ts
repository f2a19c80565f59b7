import { describe, expect, it } from 'vitest'
import { cellRule, valueRule } from './rules'

const CHANCES = [0, 0.2, 0.4, 0.6, 0.8, 1]
const VALUES = [0, 120, 800]

describe('the rule behind a cell', () => {
  it('is open at the outer ends, where numbers may lie beyond the bounds', () => {
    expect(cellRule(CHANCES, VALUES, 4, 2)).toEqual({
      all: [
        { score: 'churn.probability', op: 'ge', value: 0.8 },
        { score: 'clv.expected_value', op: 'ge', value: 800 },
      ],
    })
    expect(cellRule(CHANCES, VALUES, 0, 0)).toEqual({
      all: [
        { score: 'churn.probability', op: 'ge', value: 0 },
        { score: 'churn.probability', op: 'lt', value: 0.2 },
        { score: 'clv.expected_value', op: 'lt', value: 120 },
      ],
    })
  })

  it('holds the lower bound and not the upper one', () => {
    expect(cellRule(CHANCES, VALUES, 2, 1)).toEqual({
      all: [
        { score: 'churn.probability', op: 'ge', value: 0.4 },
        { score: 'churn.probability', op: 'lt', value: 0.6 },
        { score: 'clv.expected_value', op: 'ge', value: 120 },
        { score: 'clv.expected_value', op: 'lt', value: 800 },
      ],
    })
    expect(valueRule([0], 0)).toEqual({ all: [{ score: 'clv.expected_value', op: 'exists' }] })
  })
})
