import { describe, expect, it } from 'vitest'
import i18next from '../../i18n'
import { reasonWord } from './words'

describe('reasons', () => {
  it('are words in both languages, and a code that is not known stays', () => {
    const zh = i18next.getFixedT('zh')
    const en = i18next.getFixedT('en')
    expect(reasonWord(zh, 'shared_phone')).toBe('共用同一个手机号')
    expect(reasonWord(en, 'kept_apart')).toBe('decided by hand to be different people')
    expect(reasonWord(en, 'conflict_id_number')).toContain('ID number')
    expect(reasonWord(en, 'something_new')).toBe('something_new')
  })
})
