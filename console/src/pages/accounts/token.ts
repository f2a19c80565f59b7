/** The one-time token in a link, in what stands behind its `#`, or by itself. */
export function tokenIn(text: string): string | undefined {
  const found = /(?:^|[#?&])token=([\w-]+)/.exec(text)?.[1] ?? /^[\w-]{16,}$/.exec(text.trim())?.[0]
  return found
}
