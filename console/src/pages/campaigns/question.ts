// Questions about campaigns as the page holds them. Pure.
import type { ScopeJson } from '../insight/question'

export const BYS = ['campaign', 'channel', 'strategy', 'creative', 'coupon'] as const
export const WINDOWS = [3, 7, 14, 30] as const
export const LOOKBACKS = [7, 14, 30, 60, 90] as const
export const ANSWERS = ['opened', 'clicked', 'converted'] as const
export const BUDGETS = [0.8, 1, 1.2] as const
export type CampaignJson = ScopeJson & { by: (typeof BYS)[number]; campaign: string; window_days: number; lookback_days: number; visits: boolean; budget: number; answer: (typeof ANSWERS)[number] }

export const FIRST_CAMPAIGNS: CampaignJson = { by: 'campaign', campaign: '', window_days: 7, lookback_days: 30, visits: true, budget: 1, answer: 'opened' }

/** What is counted by where: of attribution channels and campaigns, of coupons campaigns and codes. */
export const BYS_OF = {
  board: ['campaign', 'channel', 'strategy', 'creative'],
  attribution: ['campaign', 'channel'],
  coupons: ['campaign', 'coupon'],
} as const

/** Only words that are known; the rest is as usual. */
export function knownCampaigns(question: CampaignJson): CampaignJson {
  const days = (value: number, most: number, usual: number) => (Number.isInteger(value) && value >= 1 && value <= most ? value : usual)
  return {
    ...question,
    by: BYS.includes(question.by) ? question.by : FIRST_CAMPAIGNS.by,
    window_days: days(question.window_days, 90, FIRST_CAMPAIGNS.window_days),
    lookback_days: days(question.lookback_days, 180, FIRST_CAMPAIGNS.lookback_days),
    answer: ANSWERS.includes(question.answer) ? question.answer : FIRST_CAMPAIGNS.answer,
    budget: question.budget >= 0.5 && question.budget <= 1.5 ? question.budget : FIRST_CAMPAIGNS.budget,
  }
}

/** A question as a tab asks it: counted by what the tab knows. */
export function askedAt(tab: string, question: CampaignJson): CampaignJson {
  const bys: readonly string[] = tab in BYS_OF ? BYS_OF[tab as keyof typeof BYS_OF] : ['campaign']
  return bys.includes(question.by) ? question : { ...question, by: 'campaign' }
}
