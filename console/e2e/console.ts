// A page that reports what it should never do: errors on the console, violations of the content security policy.
import { test as base, expect, type Page } from '@playwright/test'

export { expect }

export const SHOTS = 'e2e/shots'

export const test = base.extend<{ allowed: RegExp[] }>({
  /** Console errors that a test provokes on purpose. */
  allowed: [[], { option: true }],
  page: async ({ page, allowed }, run) => {
    const complaints: string[] = []
    page.on('console', (message) => {
      if (message.type() === 'error' && !allowed.some((each) => each.test(message.text()))) complaints.push(message.text())
    })
    page.on('pageerror', (error) => complaints.push(error.message))
    await page.exposeFunction('reportViolation', (text: string) => complaints.push(`content security policy: ${text}`))
    await page.addInitScript(() => {
      document.addEventListener('securitypolicyviolation', (event) => {
        const { reportViolation } = window as unknown as { reportViolation: (text: string) => void }
        reportViolation(`${event.violatedDirective} ${event.blockedURI}`)
      })
    })
    await run(page)
    expect(complaints).toEqual([])
  },
})

/** Opens a path in a language and appearance. */
export async function open(page: Page, path: string, lang: 'zh' | 'en' = 'zh', scheme: 'light' | 'dark' = 'light'): Promise<void> {
  await page.addInitScript(
    ([l, s]) => {
      localStorage.setItem('zhike.lang', l)
      localStorage.setItem('zhike.scheme', s)
    },
    [lang, scheme] as const,
  )
  await page.goto(path)
  await expect(page.locator('h1')).toBeVisible()
  // A page that listens to live events is never idle.
  if (!path.startsWith('/data/live')) await page.waitForLoadState('networkidle')
}

/** A shown number without separators; NaN for anything else. */
export function numberIn(text: string | null): number {
  return Number((text ?? '').replace(/[,\s]/g, '').replace('−', '-'))
}
