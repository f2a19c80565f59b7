// What budgets count.
export const METERS = ['rows', 'people', 'unmasks'] as const
export type Meter = (typeof METERS)[number]
