// Where somebody wanted to go before signing in. It comes from an address that anybody may have written.

/** A path of this console, or nothing: no other site, none of the server's own paths, not the sign-in itself. */
export function wantedPath(value: string | undefined): string | undefined {
  if (!value?.startsWith('/')) return undefined
  // Browsers read a backslash as a slash and drop control characters: both could lead elsewhere.
  if (Array.from(value).some((sign) => sign === '\\' || sign <= ' ' || sign === '\u007f')) return undefined
  const base = 'https://console.invalid'
  let url: URL
  try {
    url = new URL(value, base)
  } catch {
    return undefined
  }
  const isOurs = url.origin === base && !url.pathname.startsWith('//') && !/^\/(api|v1|b|sign-in|setup)(\/|$)/.test(url.pathname)
  return isOurs && url.pathname + url.search + url.hash !== '/' ? url.pathname + url.search + url.hash : undefined
}
