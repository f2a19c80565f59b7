import { expect, it } from 'vitest'
import { initialsOf, isMeant } from './pinyin'

it.each([
  ['分群', 'fq'],
  ['导入', 'dr'],
  ['流失入会生日', 'lsrhsr'],
  ['数据质量', 'sjzl'],
  ['客户档案', 'khda'],
  ['价值分层', 'jzfc'],
  ['安全事件', 'aqsj'],
  ['二次购买 VIP', 'ecgm vip'],
])('%s is read %s', (name, initials) => {
  expect(initialsOf(name)).toBe(initials)
})

it('finds names by a part of them or by initials', () => {
  expect(isMeant('加购未付', '未付')).toBe(true)
  expect(isMeant('加购未付', 'JGW')).toBe(true)
  expect(isMeant('加购未付', 'xyz')).toBe(false)
  expect(isMeant('Core customers', 'core c')).toBe(true)
})
