import { expect, it } from 'vitest'
import { lineOf, placeOf, placesIn } from './place'

const RULE = { all: [{ trait: 'province', op: 'in', value: ['浙江', 'a"b'] }, { 'x/y~z': [-1.5e3, true, null, {}, []] }] }

it('finds the text of every pointer', () => {
  const text = JSON.stringify(RULE, null, 2)
  const found = placesIn(text)
  expect(found.wrongAt).toBeUndefined()
  for (const [pointer, value] of [
    ['', RULE],
    ['/all/0/value/1', 'a"b'],
    ['/all/1/x~1y~0z', RULE.all[1]!['x/y~z']],
    ['/all/1/x~1y~0z/0', -1500],
  ] as const) {
    const { from, to } = found.places.get(pointer)!
    expect(JSON.parse(text.slice(from, to))).toEqual(value)
  }
  expect(lineOf(text, found.places.get('/all/0/op')!.from)).toBe(5)
})

it('falls back to what stands around a place that is not there', () => {
  const text = '{"all": [{"tag": "x"}]}'
  const found = placesIn(text)
  expect(placeOf(found, '/all/0/value/2')).toEqual(found.places.get('/all/0'))
  expect(placeOf(found, '/none')).toEqual(found.places.get(''))
})

it('says where a text stops being JSON, as the parser itself does', () => {
  for (const [text, at] of [['{"a": }', 6], ['[1, 2', 5], ['{"a": 1} x', 9], ['{a: 1}', 1], ['', 0], ['[1,]', 3], ['{"a" 1}', 5], ['"\\q"', 0]] as const) {
    expect(() => JSON.parse(text) as unknown).toThrow()
    expect([text, placesIn(text).wrongAt]).toEqual([text, at])
  }
})
