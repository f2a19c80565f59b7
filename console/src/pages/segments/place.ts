// Where in a JSON text the value of a pointer stands, and where a text stops being JSON. Engines word the latter
// differently, and none knows pointers.

export type Place = { from: number; to: number }
export type Places = { places: Map<string, Place>; wrongAt: number | undefined }

class Wrong extends Error {
  constructor(readonly at: number) {
    super()
  }
}

export function placesIn(text: string): Places {
  const places = new Map<string, Place>()
  let at = 0
  const skip = () => {
    while (/\s/.test(text.charAt(at))) at += 1
  }
  const take = (pattern: RegExp): string => {
    pattern.lastIndex = at
    const found = pattern.exec(text)?.[0]
    if (found === undefined) throw new Wrong(at)
    at += found.length
    return found
  }
  const string = (): string => {
    const from = at
    try {
      return JSON.parse(take(/"(?:[^"\\]|\\.)*"/y)) as string
    } catch (cause) {
      throw cause instanceof Wrong ? cause : new Wrong(from)
    }
  }
  /** Members up to the closing bracket, parted by commas. */
  const members = (close: string, member: () => void) => {
    at += 1
    skip()
    if (text.charAt(at) === close) {
      at += 1
      return
    }
    for (;;) {
      skip()
      member()
      skip()
      const mark = text.charAt(at)
      if (mark !== ',' && mark !== close) throw new Wrong(at)
      at += 1
      if (mark === close) return
    }
  }
  const value = (pointer: string) => {
    skip()
    const from = at
    const first = text.charAt(at)
    if (first === '{') {
      members('}', () => {
        const key = string()
        skip()
        take(/:/y)
        value(`${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`)
      })
    } else if (first === '[') {
      let index = 0
      members(']', () => {
        value(`${pointer}/${index}`)
        index += 1
      })
    } else if (first === '"') {
      string()
    } else {
      take(/true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y)
    }
    places.set(pointer, { from, to: at })
  }
  try {
    value('')
    skip()
    if (at < text.length) throw new Wrong(at)
  } catch (cause) {
    if (!(cause instanceof Wrong)) throw cause
    return { places, wrongAt: cause.at }
  }
  return { places, wrongAt: undefined }
}

/** The place of a pointer, or of the nearest thing around it that is there. */
export function placeOf({ places }: Places, pointer: string): Place | undefined {
  for (let each = pointer; ; each = each.slice(0, each.lastIndexOf('/'))) {
    const found = places.get(each)
    if (found || each === '') return found
  }
}

/** Counted from 1. */
export function lineOf(text: string, at: number): number {
  return text.slice(0, at).split('\n').length
}
