// Keys that act on a page. Single letters can be switched off by the reader (WCAG 2.1.4) and never fire while typing.

/** A key pressed by itself, in lower case; nothing while typing, composing, with a modifier, or under an open dialog. */
export function plainKey(event: KeyboardEvent): string | undefined {
  if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return undefined
  const target = event.target instanceof Element ? event.target : undefined
  if (target?.closest('input, textarea, select, [contenteditable="true"], [role="combobox"], [role="listbox"]')) return undefined
  const dialog = document.querySelector('dialog[open]')
  if (dialog && !(target && dialog.contains(target))) return undefined
  // Chinese keyboards send the full-width mark.
  return event.key === '？' ? '?' : event.key.length === 1 ? event.key.toLowerCase() : event.key
}

/** Whether a key press belongs to the page and not to a dialog on top of it. */
export function isOnPage(event: KeyboardEvent): boolean {
  return !(event.target instanceof Element && event.target.closest('dialog')) && !document.querySelector('dialog[open]')
}
