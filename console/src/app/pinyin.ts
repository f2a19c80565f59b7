// The first letters of how Chinese names are read, by the browser's own order of characters. Pure.

/** The first character that is read with each letter, in that order; no reading begins with I, U or V. */
const LETTERS = 'abcdefghjklmnopqrstwxyz'
const FIRSTS = Array.from('阿八嚓哒妸发旮哈讥咔垃妈拏噢妑七呥仨它穵夕丫帀')

const order = new Intl.Collator('zh-CN-u-co-pinyin')
const known = new Map<string, string>()

function initialOf(character: string): string {
  if (!/\p{Script=Han}/u.test(character)) return character.toLowerCase()
  const at = FIRSTS.findLastIndex((first) => order.compare(first, character) <= 0)
  return LETTERS[at] ?? ''
}

/** `分群` is `fq`; what is not Chinese stands as it is. */
export function initialsOf(text: string): string {
  const held = known.get(text)
  if (held !== undefined) return held
  const initials = Array.from(text, initialOf).join('')
  known.set(text, initials)
  return initials
}

/** Whether a name is meant by what was typed: a part of it, or of its initials. */
export function isMeant(name: string, typed: string): boolean {
  const sought = typed.trim().toLowerCase()
  return name.toLowerCase().includes(sought) || (/^[a-z0-9]+$/.test(sought) && initialsOf(name).includes(sought))
}
