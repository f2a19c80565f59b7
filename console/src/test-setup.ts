import { cleanup } from '@testing-library/react'
import { afterEach } from 'vitest'
import './i18n'

afterEach(cleanup)

// The test browser lacks these.
globalThis.matchMedia ??= (query: string) =>
  ({ matches: false, media: query, addEventListener: () => undefined, removeEventListener: () => undefined, addListener: () => undefined, removeListener: () => undefined }) as unknown as MediaQueryList
globalThis.ResizeObserver ??= class {
  observe() { /* nothing to see */ }
  unobserve() { /* nothing to see */ }
  disconnect() { /* nothing to see */ }
}
HTMLDialogElement.prototype.showModal ??= function (this: HTMLDialogElement) {
  this.open = true
}
HTMLDialogElement.prototype.close ??= function (this: HTMLDialogElement) {
  this.open = false
  this.dispatchEvent(new Event('close'))
}
