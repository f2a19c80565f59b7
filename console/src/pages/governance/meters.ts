// What budgets count: rows, people and looks in the clear, which give nothing where nothing is said, and classes of data in the
// clear, which are bounded only where a budget is named.
export const METERS = ['rows', 'people', 'unmasks'] as const
export type Meter = (typeof METERS)[number]

export const BUDGET_CLASSES = ['identity', 'sensitive', 'location', 'attribute', 'commerce', 'behaviour', 'text', 'unknown'] as const
export type BudgetClass = (typeof BUDGET_CLASSES)[number]

export const classMeter = (of: BudgetClass): string => `class.${of}`

/** The class that a meter counts; nothing for the others. */
export const classOf = (meter: string): string | undefined => (meter.startsWith('class.') ? meter.slice('class.'.length) : undefined)
