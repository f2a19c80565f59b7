// What this browser keeps for its reader. Storage may be forbidden: then things hold until the page is closed.

export function stored(key: string): string | null {
  try {
    return localStorage.getItem(key)
  } catch {
    return null
  }
}

export function keep(key: string, value: string): void {
  try {
    localStorage.setItem(key, value)
  } catch {
    // then it holds until the page is closed
  }
}

export function forget(key: string): void {
  try {
    localStorage.removeItem(key)
  } catch {
    // there is nothing to forget
  }
}
