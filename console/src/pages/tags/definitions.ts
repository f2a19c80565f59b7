// Expressions to begin with; docs/guides/tags.md says what else there is.
const year = { last: 365, unit: 'day' }
const spent = { measure: { of: 'orders', agg: 'sum', column: 'net_amount', window: year } }

export const EXAMPLES = {
  /** Net sales of a year. */
  sum: spent,
  /** Days since the last order. */
  days: { days_since: { measure: { of: 'orders', agg: 'last' } } },
  /** What is bought most. */
  top: { measure: { of: 'order_items', agg: 'top', column: 'product.category_1', window: year } },
  /** Net sales of a year in ranges with names. */
  bands: {
    bands: {
      of: spent,
      bands: [
        { below: 500, value: 'low', zh: '低', en: 'low' },
        { below: 2000, value: 'middle', zh: '中', en: 'middle' },
        { value: 'high', zh: '高', en: 'high' },
      ],
    },
  },
  /** Items an order. */
  ratio: { ratio: [{ measure: { of: 'order_items', agg: 'sum', column: 'quantity' } }, { measure: { of: 'orders', agg: 'count' } }] },
  /** Place among all customers. */
  rank: { rank: { of: spent, by: 'percentile' } },
} as const
