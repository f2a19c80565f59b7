// The mini-program SDK wants WeChat's `wx`, `App` and `Page`. There is no WeChat here: this stands in for what the SDK
// calls, and gives requests to `fetch` as WeChat would give them to the network. The SDK itself is as published.
import { createRequire } from 'node:module'

const [url, key] = process.argv.slice(2)
const storage = new Map()
const pending = new Set()
const info = { brand: 'devtools', model: 'iPhone 12', pixelRatio: 2, screenWidth: 390, screenHeight: 844, windowWidth: 390, windowHeight: 800, language: 'zh_CN', version: '8.0.50', system: 'iOS 17.0', platform: 'devtools', SDKVersion: '3.5.0', benchmarkLevel: 1 }
const launch = { path: 'pages/index/index', query: {}, scene: 1001, referrerInfo: {} }
const noop = () => undefined
const known = {
  request({ url: to, method = 'GET', header = {}, data, success = noop, fail = noop, complete = noop }) {
    const body = method === 'GET' ? undefined : typeof data === 'string' ? data : JSON.stringify(data)
    const sent = fetch(to, { method, headers: { referer: 'https://servicewechat.com/wx0/devtools/page-frame.html', ...header }, body })
      .then(async (response) => {
        const text = await response.text()
        if (response.status !== 200) {
          console.error('status', response.status, text)
          process.exitCode = 1
        }
        success({ statusCode: response.status, data: text, header: {} })
      }, (error) => {
        console.error(error)
        process.exitCode = 1
        fail({ errMsg: String(error) })
      })
      .finally(() => { pending.delete(sent); complete({}) })
    pending.add(sent)
    return { abort: noop }
  },
  getStorageSync: (name) => storage.get(name) ?? '',
  setStorageSync: (name, value) => void storage.set(name, value),
  removeStorageSync: (name) => void storage.delete(name),
  getStorage: ({ key: name, success = noop, fail = noop, complete = noop }) => {
    if (storage.has(name)) success({ data: storage.get(name) })
    else fail({ errMsg: 'getStorage:fail data not found' })
    complete({})
  },
  setStorage: ({ key: name, data, success = noop }) => { storage.set(name, data); success({}) },
  getNetworkType: ({ success = noop, complete = noop }) => { success({ networkType: 'wifi' }); complete({ networkType: 'wifi' }) },
  getSystemInfo: ({ success = noop, complete = noop }) => { success(info); complete(info) },
  getSystemInfoSync: () => info,
  getDeviceInfo: () => info,
  getWindowInfo: () => info,
  getAppBaseInfo: () => info,
  getAccountInfoSync: () => ({ miniProgram: { appId: 'wx0', envVersion: 'develop', version: '' } }),
  getLaunchOptionsSync: () => launch,
  getEnterOptionsSync: () => launch,
  login: ({ success = noop }) => success({ code: 'c' }),
  onAppShow: (shown) => void setTimeout(() => shown(launch), 10),
}
globalThis.wx = new Proxy(known, { get: (has, name) => has[name] ?? noop, has: () => true })
const apps = []
globalThis.App = (app) => apps.push(app)
globalThis.Page = noop
globalThis.Component = noop
globalThis.getApp = () => apps[0]
globalThis.getCurrentPages = () => [{ route: 'pages/index/index', __route__: 'pages/index/index', options: {} }]

const sensors = createRequire(import.meta.url)('sa-sdk-miniprogram')
sensors.setPara({ name: 'sensors', server_url: `${url}/sa?project=default&token=${key}`, batch_send: { send_timeout: 200, max_length: 4 }, autoTrack: { appLaunch: true, appShow: true, appHide: true, pageShow: true } })
sensors.init()
App({ onLaunch: noop, onShow: noop })
for (const app of apps) {
  app.onLaunch?.(launch)
  app.onShow?.(launch)
}
sensors.login('u-sensors-mini')
sensors.setProfile({ level: 'gold' })
sensors.track('签到', { store: '徐汇店' })
sensors.track('Order Completed', { order_id: 'o-sensors-mini', total: 66.6, currency: 'CNY' })
for (let n = 0; n < 40; n += 1) {
  await new Promise((done) => setTimeout(done, 100))
  if (n > 20 && pending.size === 0) break
}
process.exit()
