import { screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { useState } from 'react'
import { describe, expect, it } from 'vitest'
import { ApiError } from '../../api/client'
import i18n from '../../i18n'
import { renderPart } from '../../test-render'
import { CLASSES, exampleOf, gradeOf } from './masks'
import { NewPassword, isChosen, NOTHING_CHOSEN } from './NewPassword'
import { isGoodPassword, keptRules, strengthOf } from './password'
import { minutesOf, signInProblem } from './problem'
import { byArea, conflictOf } from './roles'
import { RolesField } from './RolesField'
import { tokenIn } from './token'


describe('a password', () => {
  it('is long and mixed, or longer still', () => {
    expect(isGoodPassword('Kx7#mQ2$pL9w', 'wangfang')).toBe(true)
    expect(isGoodPassword('correct horse battery', 'wangfang')).toBe(true)
    expect(isGoodPassword('青山绿水长流不息甲乙丙丁戊己庚辛', 'wangfang')).toBe(true)
    expect(keptRules('Kx7#mQ2$pL9', 'wangfang')).toMatchObject({ length: false, kinds: true })
    expect(keptRules('abcdkfhwoqpn', 'wangfang')).toMatchObject({ length: true, kinds: false })
    expect(keptRules('aaaaaaaaaaaaaaaaaaaa', 'wangfang').varied).toBe(false)
    expect(keptRules('x'.repeat(129), 'wangfang').length).toBe(false)
  })

  it('does not hold the name', () => {
    expect(keptRules('WangFang#2026', 'wangfang').name).toBe(false)
    expect(keptRules('', 'wangfang').name).toBe(false)
    // A name of two letters is in many words.
    expect(keptRules('Kx7#mQ2$pL9w', 'kx').name).toBe(true)
  })

  it('is never strong while a rule is broken, and stronger when longer', () => {
    expect(strengthOf('Aa1#Bb2$Cc3', 'lin')).toBe('weak')
    expect(strengthOf('Kx7#mQ2$pL9w', 'lin')).toBe('fair')
    expect(strengthOf('Kx7#mQ2$pL9w&Vt4', 'lin')).toBe('strong')
  })

  it('is typed twice', async () => {
    function Form() {
      const [chosen, setChosen] = useState(NOTHING_CHOSEN)
      return (
        <>
          <NewPassword chosen={chosen} onChange={setChosen} name="lin" />
          <output>{isChosen(chosen, 'lin') ? 'ready' : 'open'}</output>
        </>
      )
    }
    renderPart(<Form />)
    const user = userEvent.setup()
    await user.click(screen.getByLabelText('新密码'))
    await user.paste('Kx7#mQ2$pL9w')
    expect(screen.getByText('强度：中')).toBeTruthy()
    await user.click(screen.getByLabelText('再输入一次新密码'))
    await user.paste('Kx7#mQ2$pL9')
    expect(screen.getByText('两次输入的密码不一致。')).toBeTruthy()
    expect(screen.getByText('open')).toBeTruthy()
    await user.keyboard('w')
    expect(screen.queryByText('两次输入的密码不一致。')).toBeNull()
    expect(screen.getByText('ready')).toBeTruthy()
  })
})

describe('a sign-in that fails', () => {
  const t = i18n.t
  const failure = (code: string, status = 401, retryAfter?: number) => new ApiError(status, code, 'in English', '中文', undefined, [], retryAfter)

  it('says the same for a wrong name and a wrong password', () => {
    expect(signInProblem(t, failure('wrong_credentials'), 'zh', false)).toBe('用户名或密码不正确。')
    expect(signInProblem(t, failure('wrong_credentials'), 'zh', true)).toContain('验证码')
  })

  it('asks for a code without complaint, and says how long it is locked', () => {
    expect(signInProblem(t, failure('code_needed'), 'zh', false)).toBeUndefined()
    expect(signInProblem(t, undefined, 'zh', false)).toBeUndefined()
    expect(signInProblem(t, failure('locked_out', 429, 841), 'zh', false)).toContain('15 分钟')
    expect(minutesOf(1)).toBe(1)
    expect(signInProblem(t, failure('internal', 500), 'zh', false)).toBe('中文')
    expect(signInProblem(t, new ApiError(0, 'unreachable', ''), 'zh', false)).toContain('服务')
  })
})

describe('roles', () => {
  it('keep the three administrators apart, and the administrator from them once separated', () => {
    expect(conflictOf(['system_admin', 'audit_admin'], false)).toBe('two_of_three')
    expect(conflictOf(['admin', 'security_admin'], true)).toBe('admin_of_three')
    expect(conflictOf(['admin', 'security_admin'], false)).toBeUndefined()
    expect(conflictOf(['analyst', 'operator', 'security_admin'], true)).toBeUndefined()
    expect(conflictOf([], true)).toBeUndefined()
  })

  it('are ticked, with what each is for and what does not go together', async () => {
    function Form() {
      const [roles, setRoles] = useState<string[]>(['system_admin'])
      return <RolesField roles={roles} onChange={setRoles} />
    }
    renderPart(<Form />, 'en')
    await userEvent.click(screen.getByLabelText('Audit administrator'))
    expect(screen.getByText(/Nobody can be two of/)).toBeTruthy()
    await userEvent.click(screen.getByLabelText('System administrator'))
    expect(screen.queryByText(/Nobody can be two of/)).toBeNull()
    expect(screen.getByText(/Reads the audit trail/)).toBeTruthy()
  })

  it('list permissions by area without losing one', () => {
    const all = ['a.x', 'b.x', 'a.y'].map((permission) => ({ permission }))
    expect(byArea(all).map(([area, some]) => [area, some.length])).toEqual([['a', 2], ['b', 1]])
  })
})

it('no example of a mask shows its value', () => {
  for (const kind of CLASSES) {
    const clear = exampleOf(kind, 'clear')
    for (const shown of ['partial', 'full'] as const) expect(exampleOf(kind, shown)).not.toContain(clear)
    expect(['3', '4']).toContain(gradeOf(kind))
  }
  expect(exampleOf('phone', 'partial')).toBe('138****5678')
})

it('the token is found in the whole link, behind the # or by itself', () => {
  const token = 'aB3-_xyz0123456789abcdef'
  for (const text of [`http://127.0.0.1:7700/setup#token=${token}`, `#token=${token}`, `  ${token} `]) expect(tokenIn(text)).toBe(token)
  for (const text of ['', '#', '#token=', 'http://127.0.0.1:7700/setup', 'not a token']) expect(tokenIn(text)).toBeUndefined()
})
