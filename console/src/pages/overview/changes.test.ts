import { expect, it } from 'vitest'
import { largestChanges } from './changes'

type Size = [n_members: number | null, n_joined: number | null, n_gone: number | null]
const sized = (name: string, ...sizes: Size[]) => ({ id: name, name, sizes: sizes.map(([n_members, n_joined, n_gone]) => ({ n_members, n_joined, n_gone })) })

it('puts the largest change first, whichever way it goes, and tells nothing that may not be told', () => {
  const all = [
    sized('same', [5, 5, 0], [5, 2, 2]),
    sized('up', [2, 2, 0], [10, 8, 0]),
    sized('down', [30, 30, 0], [10, 1, 21]),
    sized('new', [4, 4, 0]),
    sized('hidden', [20, 20, 0], [21, null, null]),
    sized('slow', [3, 3, 0], [4, 1, 0]),
  ]
  expect(largestChanges(all, 2)).toEqual([
    { id: 'down', name: 'down', now: 10, by: -20 },
    { id: 'up', name: 'up', now: 10, by: 8 },
  ])
  expect(largestChanges(all, 9).map((each) => each.name)).toEqual(['down', 'up', 'slow'])
})
