import { Analytics } from '@segment/analytics-node'

const [url, key] = process.argv.slice(2)
const analytics = new Analytics({ writeKey: key, host: url, flushAt: 2, flushInterval: 200 })
analytics.on('error', (error) => {
  console.error(error)
  process.exitCode = 1
})
const userId = 'u-segment-node'
analytics.identify({ userId, traits: { phone: '13900000001', level: 'gold' } })
analytics.track({ userId, event: '签到', properties: { store: '徐汇店' } })
analytics.track({
  userId,
  event: 'Order Completed',
  properties: {
    order_id: 'o-segment-node',
    total: '99.90',
    currency: 'CNY',
    products: [{ product_id: 'p-1', name: '衬衫', price: 49.95, quantity: 2 }],
  },
})
analytics.page({ anonymousId: 'a-segment-node', name: '首页', properties: { url: 'https://shop.example.cn/' } })
analytics.group({ userId, groupId: 'g-1', traits: { name: '一组' } })
analytics.alias({ userId, previousId: 'a-segment-node' })
await analytics.closeAndFlush({ timeout: 10_000 })
