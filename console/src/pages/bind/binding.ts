// How long codes hold, and what is left of one.
import type { Binding } from '../../api/types'

export type Kind = 'member' | 'store'

const DAY = 86_400

/** Seconds until a code ends, with the key of their words. */
export const EXPIRIES = {
  member: [
    { value: 120, key: 'm2' },
    { value: 600, key: 'm10' },
    { value: 3600, key: 'h1' },
    { value: DAY, key: 'd1' },
    { value: 7 * DAY, key: 'd7' },
  ],
  store: [
    { value: DAY, key: 'd1' },
    { value: 30 * DAY, key: 'd30' },
    { value: 90 * DAY, key: 'd90' },
    { value: 365 * DAY, key: 'd365' },
  ],
} as const

export const DEFAULT_EXPIRY: Record<Kind, number> = { member: 600, store: 90 * DAY }

/** `9:05` within an hour, `3:09:05` within a day, else the days. */
export function remaining(expiresAt: string, now: number): string {
  const left = Math.max(0, Math.floor((Date.parse(expiresAt) - now) / 1000))
  const two = (n: number) => String(n).padStart(2, '0')
  const [hours, minutes, seconds] = [Math.floor(left / 3600), Math.floor(left / 60) % 60, left % 60]
  if (hours >= 48) return `${Math.floor(hours / 24)} d`
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds)}` : `${minutes}:${two(seconds)}`
}

/** Whether a scan would be taken. */
export function isScannable(binding: Binding, now: number): boolean {
  return !binding.revoked_at && binding.n_uses < binding.max_uses && Date.parse(binding.expires_at) > now
}
