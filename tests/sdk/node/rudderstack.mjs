import { createRequire } from 'node:module'

const RudderAnalytics = createRequire(import.meta.url)('@rudderstack/rudder-sdk-node')

const [url, key] = process.argv.slice(2)
const analytics = new RudderAnalytics(key, { dataPlaneUrl: url, flushAt: 3, flushInterval: 200 })
const userId = 'u-rudder-node'
analytics.identify({ userId, traits: { phone: '13900000002', level: 'gold' } })
analytics.track({ userId, event: '签到', properties: { store: '徐汇店' } })
analytics.track({
  userId,
  event: 'Order Completed',
  properties: {
    order_id: 'o-rudder-node',
    total: 88.8,
    currency: 'CNY',
    products: [{ product_id: 'p-1', name: '衬衫', price: 44.4, quantity: 2 }],
  },
})
analytics.page({ userId, name: '首页' })
await new Promise((done, fail) => analytics.flush((error) => (error ? fail(error) : done())))
await new Promise((done) => setTimeout(done, 500))
process.exit(0)
