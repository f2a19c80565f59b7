import { cleanup } from '@testing-library/react'
import { afterEach } from 'vitest'
import { loadTexts } from './i18n'

await Promise.all([loadTexts('zh'), loadTexts('en')])

afterEach(cleanup)

// The test browser lacks these.
globalThis.matchMedia ??= (query: string) =>
  ({ matches: false, media: query, addEventListener: () => undefined, removeEventListener: () => undefined, addListener: () => undefined, removeListener: () => undefined }) as unknown as MediaQueryList
globalThis.ResizeObserver ??= class {
  observe() { /* nothing to see */ }
  unobserve() { /* nothing to see */ }
  disconnect() { /* nothing to see */ }
}
// Dialogs open and close without being modal.
const dialogs = HTMLDialogElement.prototype as Partial<Pick<HTMLDialogElement, 'showModal' | 'close'>>
if (!('showModal' in dialogs)) {
  Object.assign(dialogs, {
    showModal(this: HTMLDialogElement) {
      this.open = true
    },
    close(this: HTMLDialogElement) {
      this.open = false
      this.dispatchEvent(new Event('close'))
    },
  })
}
