// What to paste so that an SDK that is in use already sends its events here. Pure.
import type { Dialect } from './source'

export type Snippet = {
  id: string
  name: string
  install?: string
  code: string
  /** What changes where the SDK is in use already. */
  switch?: string
}

/** Snippets of a dialect; `origin` is where this server is reached, without a slash at the end. */
export function snippetsOf(dialect: Dialect, origin: string, key: string): Snippet[] {
  const url = text(origin)
  const k = text(key)
  const sensors = text(`${origin}/sa?project=default&token=${encodeURIComponent(key)}`)
  switch (dialect) {
    case 'segment':
      return [
        {
          id: 'browser',
          name: 'JavaScript',
          install: 'npm install @segment/analytics-next',
          switch: `AnalyticsBrowser.load({\n  writeKey: ${k},\n  cdnURL: ${url},\n})`,
          code: `import { AnalyticsBrowser } from '@segment/analytics-next'\n\nexport const analytics = AnalyticsBrowser.load({\n  writeKey: ${k},\n  cdnURL: ${url},\n})\n\nanalytics.page()`,
        },
        {
          id: 'node',
          name: 'Node.js',
          install: 'npm install @segment/analytics-node',
          switch: `new Analytics({\n  writeKey: ${k},\n  host: ${url},\n})`,
          code: `import { Analytics } from '@segment/analytics-node'\n\nexport const analytics = new Analytics({\n  writeKey: ${k},\n  host: ${url},\n})\n\nanalytics.track({ userId: 'u-1', event: 'Order Completed', properties: { order_id: '1001', total: 99.9, currency: 'CNY' } })`,
        },
        {
          id: 'python',
          name: 'Python',
          install: 'pip install segment-analytics-python',
          switch: `analytics.write_key = ${k}\nanalytics.host = ${url}`,
          code: `import segment.analytics as analytics\n\nanalytics.write_key = ${k}\nanalytics.host = ${url}\n\nanalytics.track('u-1', 'Order Completed', {'order_id': '1001', 'total': 99.9, 'currency': 'CNY'})`,
        },
      ]
    case 'rudderstack':
      return [
        {
          id: 'browser',
          name: 'JavaScript',
          install: 'npm install @rudderstack/analytics-js',
          switch: `analytics.load(${k}, ${url}, {\n  configUrl: ${url},\n})`,
          code: `import { RudderAnalytics } from '@rudderstack/analytics-js'\n\nexport const analytics = new RudderAnalytics()\nanalytics.load(${k}, ${url}, { configUrl: ${url} })\n\nanalytics.page()`,
        },
        {
          id: 'node',
          name: 'Node.js',
          install: 'npm install @rudderstack/rudder-sdk-node',
          switch: `new RudderAnalytics(${k}, {\n  dataPlaneUrl: ${url},\n})`,
          code: `import RudderAnalytics from '@rudderstack/rudder-sdk-node'\n\nexport const analytics = new RudderAnalytics(${k}, { dataPlaneUrl: ${url} })\n\nanalytics.track({ userId: 'u-1', event: 'Order Completed', properties: { order_id: '1001', total: 99.9, currency: 'CNY' } })`,
        },
        {
          id: 'python',
          name: 'Python',
          install: 'pip install rudder-sdk-python',
          switch: `analytics.write_key = ${k}\nanalytics.dataPlaneUrl = ${url}`,
          code: `import rudderstack.analytics as analytics\n\nanalytics.write_key = ${k}\nanalytics.dataPlaneUrl = ${url}\n\nanalytics.track('u-1', 'Order Completed', {'order_id': '1001', 'total': 99.9, 'currency': 'CNY'})`,
        },
      ]
    case 'sensors':
      return [
        {
          id: 'browser',
          name: 'JavaScript',
          install: 'npm install sa-sdk-javascript',
          switch: `sensors.init({\n  server_url: ${sensors},\n})`,
          code: `import sensors from 'sa-sdk-javascript'\n\nsensors.init({\n  server_url: ${sensors},\n  is_track_single_page: true,\n  use_client_time: true,\n})\nsensors.quick('autoTrack')`,
        },
        {
          id: 'miniprogram',
          name: 'Mini Program',
          install: 'npm install sa-sdk-miniprogram',
          switch: `sensors.setPara({\n  server_url: ${sensors},\n})`,
          code: `const sensors = require('sa-sdk-miniprogram')\n\nsensors.setPara({\n  name: 'sensors',\n  server_url: ${sensors},\n})\nsensors.init()`,
        },
        {
          id: 'python',
          name: 'Python',
          install: 'pip install SensorsAnalyticsSDK',
          switch: `consumer = sensorsanalytics.BatchConsumer(${sensors})`,
          code: `import sensorsanalytics\n\nconsumer = sensorsanalytics.BatchConsumer(${sensors})\nsa = sensorsanalytics.SensorsAnalytics(consumer)\n\nsa.track('u-1', 'PayOrder', {'order_id': '1001', 'amount': 99.9}, is_login_id=True)\nsa.flush()`,
        },
      ]
    case 'plain':
      return [
        {
          id: 'curl',
          name: 'curl',
          code: `curl ${shell(`${origin}/v1/events`)} \\\n  -H ${shell(`Authorization: Bearer ${key}`)} \\\n  -H 'Content-Type: application/json' \\\n  -H 'Idempotency-Key: till-3-20260305-0001' \\\n  -d '{"orders": [{"order_id": "1001", "status": "paid", "amount": "99.90", "member_id": "m-1", "store_id": "s-1",\n       "items": [{"product_id": "p-1", "name": "衬衫", "quantity": 2, "price": 49.95}]}]}'`,
        },
      ]
  }
}

/** A word that a shell takes as it is. */
function shell(value: string): string {
  return `'${value.replace(/[\r\n]/g, '').replace(/'/g, "'\\''")}'`
}

/** A string literal that JavaScript and Python both read. */
function text(value: string): string {
  return `'${value.replace(/[\\']/g, '\\$&').replace(/[\r\n\u2028\u2029]/g, '')}'`
}
