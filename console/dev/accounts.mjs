// Accounts of the stand-in server: one administrator `admin`, a password that is the same for all, sessions by cookie.
import { randomBytes } from 'node:crypto'

const PASSWORD = 'correct horse battery'
const EVERYBODY = ['admin', 'analyst', 'operator', 'service']
const TABLE = [
  ['figures.read', '看指标、总览、RFM 与历史', 'see figures, overview, RFM and history', 'admin analyst operator'],
  ['goals.write', '设定指标目标', 'set goals of figures', 'admin analyst'],
  ['profiles.list', '列出客户（脱敏）', 'list customers, masked', 'admin analyst operator'],
  ['profiles.read', '打开一位客户（脱敏）、按值查找', 'open one customer, masked; look up by value', 'admin analyst operator service'],
  ['profiles.unmask', '查看个人信息明文（须写理由，记入审计）', 'see personal values in the clear, with a reason, on record', 'admin service'],
  ['profiles.tag', '给客户打手工标签', 'put tags on customers by hand', 'admin operator service'],
  ['segments.read', '看分群', 'see segments', 'admin analyst operator'],
  ['segments.write', '新建和修改分群', 'make and change segments', 'admin analyst operator'],
  ['tags.read', '看标签', 'see tags', 'admin analyst operator service'],
  ['tags.write', '新建和修改标签', 'make and change tags', 'admin analyst operator'],
  ['data.refresh', '重算标签、分群与 RFM', 'compute tags, segments and RFM anew', 'admin analyst'],
  ['views.use', '保存和使用视图', 'keep and use views', 'admin analyst operator'],
  ['exports.make', '导出文件（脱敏，记入审计）', 'make export files, masked, on record', 'admin analyst'],
  ['imports.read', '看导入记录、隔离行与数据质量', 'see loads, rows set aside and data quality', 'admin analyst'],
  ['imports.run', '导入文件、修复并重放隔离行', 'load files, repair and replay rows', 'admin'],
  ['sources.read', '看实时数据与数据源状态', 'see live events and how sources do', 'admin analyst'],
  ['sources.manage', '管理数据源及写入密钥', 'manage sources and their write keys', 'admin'],
  ['bindings.manage', '生成和撤销绑定二维码', 'make and withdraw codes that bind', 'admin operator service'],
  ['account.own', '管理自己的密码与两步验证', 'manage the own password and second factor', 'admin analyst operator service system_admin security_admin audit_admin'],
  ['users.read', '看用户与角色', 'see users and roles', 'admin system_admin security_admin audit_admin'],
  ['users.manage', '新建、停用、解锁用户，重置密码', 'make, disable, unlock and reset users', 'admin system_admin'],
  ['roles.assign', '分配角色与数据范围', 'give roles and the rows they see', 'admin security_admin'],
  ['policy.change', '更改权限策略（如三员分立）', 'change how roles work, as separated administrators', 'admin security_admin'],
  ['keys.manage', '创建和撤销自己的 API 密钥', 'make and revoke own API keys', 'admin analyst operator'],
]
const WORDS = { admin: ['管理员', 'administrator'], analyst: ['分析师', 'analyst'], operator: ['运营', 'operator'], service: ['客服', 'customer service'], system_admin: ['系统管理员', 'system administrator'], security_admin: ['安全管理员', 'security administrator'], audit_admin: ['审计管理员', 'audit administrator'] }
const NOW = '2026-11-21T03:50:00Z'

let separated = false
let setUpNeeded = process.env.FIXTURE_SETUP === '1'
const person = (user_id, name, display_name, roles, more = {}) => ({ user_id, name, display_name, roles, has_totp: false, must_change_password: false, provinces: [], stores: [], disabled: false, locked_until: null, last_seen_at: NOW, created_at: NOW, ...more })
const users = [
  person('usr_1', 'admin', '林晓', ['admin'], { has_totp: true }),
  person('usr_2', 'analyst', '', ['analyst']),
  person('usr_3', 'operator', '陈晨', ['operator'], { provinces: ['浙江', '江苏'], locked_until: '2099-01-01T00:00:00Z' }),
  person('usr_4', 'service', '', ['service'], { must_change_password: true, last_seen_at: null }),
]
const passwords = new Map(users.map((user) => [user.name, PASSWORD]))
const keys = [{ key_id: 'key_1', name: '报表同步', prefix: 'zk_8fd2', permissions: ['figures.read', 'profiles.read'], created_at: NOW, expires_at: '2027-02-19T03:50:00Z', last_used_at: null, owner: 'admin' }]
const sessions = new Map()

const holds = (roles, all) => all.split(' ').some((role) => roles.includes(role))
const sessionOf = (user) => ({ user, permissions: TABLE.filter(([, , , all]) => holds(user.roles, all)).map(([name]) => name), idle_seconds: Number(process.env.FIXTURE_IDLE ?? 1800), expires_at: new Date(Date.now() + 12 * 3600_000).toISOString() })
const failure = (status, code, message, message_zh, headers = {}) => ({ status, headers, body: { error: { code, message, message_zh, problems: [], request_id: null } } })
const lack = failure(404, 'not_found', 'There is no such thing.', '找不到这个对象。')

function enter(user) {
  const id = randomBytes(16).toString('hex')
  sessions.set(id, user)
  return { 'set-cookie': `zhike_session=${id}; HttpOnly; SameSite=Strict; Path=/` }
}

/** An answer about accounts, or who is signed in for all other paths. */
export function account(method, path, body, cookies = '') {
  const id = /zhike_session=(\w+)/.exec(cookies)?.[1]
  const open = process.env.FIXTURE_OPEN === '1' ? users[0] : undefined
  const me = sessions.get(id) ?? open
  const at = `${method} ${path.replace('/api/v1/', '')}`
  if (at === 'GET setup') return { status: 200, body: { needed: setUpNeeded, sso: null } }
  if (at === 'POST setup') {
    setUpNeeded = false
    users[0].name = body.name
    passwords.set(body.name, body.password)
    return { status: 201, headers: enter(users[0]), body: sessionOf(users[0]) }
  }
  if (at === 'POST session') {
    const user = users.find((each) => each.name === body.name)
    if (body.name === 'locked') return failure(429, 'locked_out', 'Too many wrong attempts.', '错误次数过多。', { 'retry-after': '840' })
    if (!user || passwords.get(user.name) !== body.password) return failure(401, 'wrong_credentials', 'Wrong.', '不正确。')
    if (user.has_totp && !body.code) return failure(401, 'code_needed', 'A code is needed.', '请输入验证码。')
    if (user.has_totp && body.code !== '123456') return failure(401, 'wrong_credentials', 'Wrong.', '不正确。')
    return { status: 200, headers: enter(user), body: sessionOf(user) }
  }
  if (!me) return failure(401, 'not_signed_in', 'Not signed in.', '尚未登录。')
  if (at === 'GET session') return { status: 200, body: sessionOf(me) }
  if (at === 'DELETE session') {
    sessions.delete(id)
    return { status: 204 }
  }
  if (at === 'PUT account/password') {
    if (passwords.get(me.name) !== body.old) return failure(401, 'wrong_credentials', 'The old password is not right.', '原密码不正确。')
    passwords.set(me.name, body.new)
    me.must_change_password = false
    return { status: 204 }
  }
  if (at === 'POST account/totp') return { status: 200, body: { secret: 'JBSWY3DPEHPK3PXP', otpauth_url: `otpauth://totp/Zhike:${me.name}?secret=JBSWY3DPEHPK3PXP&issuer=Zhike` } }
  if (at === 'PUT account/totp') {
    me.has_totp = true
    return { status: 200, body: { recovery_codes: Array.from({ length: 10 }, () => randomBytes(5).toString('hex')) } }
  }
  if (at === 'DELETE account/totp') {
    me.has_totp = false
    return { status: 204 }
  }
  if (at === 'GET users') return { status: 200, body: { items: users } }
  if (at === 'POST users') {
    const user = person(`usr_${users.length + 1}`, body.name, body.display_name, body.roles, { provinces: body.provinces, stores: body.stores, must_change_password: true, last_seen_at: null })
    users.push(user)
    passwords.set(user.name, 'one time only 42')
    return { status: 201, body: { user, password: 'one time only 42' } }
  }
  const [, userId, act] = /^users\/(\w+)\/?(\w*)$/.exec(path.replace('/api/v1/', '')) ?? []
  if (userId) {
    const user = users.find((each) => each.user_id === userId)
    if (!user) return lack
    if (act === 'reset') return { status: 200, body: { password: 'one time only 43' } }
    if (act === 'unlock') user.locked_until = null
    else Object.assign(user, body)
    return act ? { status: 204 } : { status: 200, body: user }
  }
  if (at === 'PUT roles') separated = body.separated
  if (at === 'GET roles' || at === 'PUT roles') {
    const roles = Object.entries(WORDS).map(([role, [zh, en]]) => ({
      role,
      zh,
      en,
      grants: Object.fromEntries(TABLE.map(([name, , , all]) => [name, holds([role], all)])),
      shows: EVERYBODY.includes(role) ? { 1: 'clear', 2: 'clear', 3: 'partial', 4: 'full' } : { 1: 'clear', 2: 'full', 3: 'full', 4: 'full' },
      unmask: { 3: role === 'admin' || role === 'service' ? 'reason' : role === 'analyst' ? 'approval' : 'never', 4: role === 'admin' || role === 'service' ? 'approval' : 'never' },
      min_group: role === 'admin' ? 1 : 10,
    }))
    return { status: 200, body: { roles, permissions: TABLE.map(([permission, zh, en]) => ({ permission, zh, en })), separated } }
  }
  if (at === 'GET api-keys') return { status: 200, body: { items: keys } }
  if (at === 'POST api-keys') {
    const made = { ...keys[0], key_id: `key_${keys.length + 1}`, prefix: 'zk_77aa', ...body, owner: me.name }
    keys.push(made)
    return { status: 201, body: { key: `zk_${randomBytes(24).toString('base64url')}`, api_key: made } }
  }
  if (method === 'DELETE' && path.startsWith('/api/v1/api-keys/')) {
    keys.splice(keys.findIndex((key) => path.endsWith(`/${key.key_id}`)), 1)
    return { status: 204 }
  }
  return undefined
}
