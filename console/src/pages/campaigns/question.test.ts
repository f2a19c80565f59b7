import { expect, test } from 'vitest'
import { askedAt, FIRST_CAMPAIGNS, knownCampaigns } from './question'

test('what an address does not know is as usual', () => {
  expect(knownCampaigns({ ...FIRST_CAMPAIGNS, window_days: 0, budget: 9, by: 'colour' as 'campaign' })).toEqual(FIRST_CAMPAIGNS)
  expect(knownCampaigns({ ...FIRST_CAMPAIGNS, window_days: 14 }).window_days).toBe(14)
})

test('a tab counts by what it knows', () => {
  const asked = { ...FIRST_CAMPAIGNS, by: 'creative' as const }
  expect(askedAt('board', asked).by).toBe('creative')
  expect(askedAt('attribution', asked).by).toBe('campaign')
  expect(askedAt('budget', asked).by).toBe('campaign')
})
