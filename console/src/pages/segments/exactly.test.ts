import { expect, it } from 'vitest'
import { exactly } from './exactly'

it('says who is in some segments and in none of the others', () => {
  expect(exactly(['a', 'b', 'c'], ['a', 'c'])).toEqual({
    all: [
      { segment: 'a', op: 'in' },
      { segment: 'b', op: 'not_in' },
      { segment: 'c', op: 'in' },
    ],
  })
})
