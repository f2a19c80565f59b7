import { expect, it } from 'vitest'
import { en } from './en'
import { zh } from './zh'

const PLURAL = /_(zero|one|two|few|many|other)$/

function leaves(tree: object, path = ''): [string, string][] {
  return Object.entries(tree).flatMap(([key, value]) =>
    typeof value === 'string' ? [[path + key, value] as [string, string]] : leaves(value as object, `${path}${key}.`),
  )
}

const names = (text: string) => [...new Set([...text.matchAll(/\{\{(\w+)\}\}/g)].map((found) => found[1]))].sort()

it('has the same keys in both languages', () => {
  const keys = (tree: object) => [...new Set(leaves(tree).map(([key]) => key.replace(PLURAL, '')))].sort()
  expect(keys(en)).toEqual(keys(zh))
})

it('has singular and plural in English wherever a count decides', () => {
  const keys = new Set(leaves(en).map(([key]) => key))
  for (const [key] of leaves(zh)) if (key.endsWith('_other')) expect(keys).toContain(key.replace(PLURAL, '_one'))
})

it('fills in the same values in both languages', () => {
  const english = new Map(leaves(en))
  for (const [key, text] of leaves(zh)) expect([key, names(english.get(key) ?? '')]).toEqual([key, names(text)])
})

it('leaves nothing empty and no English in the Chinese texts but names of things', () => {
  const allowed = /RFM|ClickHouse|API|SVG|CSV|TSV|Excel|JSON Lines|JSON|YAML|Parquet|UTF-8|GBK|unionid|openid|Segment|RudderStack|SDK|7-Zip|AES|BG\/NBD|MBG\/NBD|Pareto\/NBD|OpenID Connect|Issuer|Client ID|Scope|Claim|zhike \w+|Enter|Esc|ID|[RFM](?=[\s）{]|$)|\.0/g
  for (const [key, text] of leaves(zh)) {
    expect(text.trim(), key).not.toBe('')
    expect(text.replace(/\{\{\w+\}\}/g, '').replace(allowed, ''), key).not.toMatch(/[A-Za-z]{3,}/)
  }
  for (const [key, text] of leaves(en)) expect(text, key).not.toMatch(/[\u4e00-\u9fff，。：]/)
})
