import { createRequire } from 'node:module'

const SensorsAnalytics = createRequire(import.meta.url)('sa-sdk-node')

const [url, key] = process.argv.slice(2)
const sensors = new SensorsAnalytics()
const submitter = sensors.submitTo(`${url}/sa?project=default&token=${key}`, { count: 4, timeSpan: 300 })
submitter.catch((error) => {
  console.error(error)
  process.exitCode = 1
})
const id = 'u-sensors-node'
sensors.trackSignup(id, 'a-sensors-node')
sensors.profileSet(id, { $name: '张三', level: 'gold' })
sensors.track(id, 'SignIn', { store: '徐汇店', $is_login_id: true })
sensors.track(id, 'order_completed', { order_id: 'o-sensors-node', total: 77.7, currency: 'CNY', $is_login_id: true })
sensors.itemSet('book', 'b-1', { title: '活着' })
await new Promise((done) => setTimeout(done, 1500))
process.exit()
