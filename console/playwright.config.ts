import { defineConfig } from '@playwright/test'

import { STATE } from './e2e/setup'

// Paths through the console on a running server with demo data: ZHIKE_URL names it.
export default defineConfig({
  testDir: 'e2e',
  globalSetup: './e2e/setup.ts',
  outputDir: 'test-results/runs',
  workers: 2,
  // Pages are only looked at, side by side; paths change data and go one after another.
  projects: [
    { name: 'pages', testMatch: 'accessibility.spec.ts', fullyParallel: true },
    // Recommendation looks at the two years before the newest day, which other paths move to today.
    { name: 'first', testMatch: 'goods.spec.ts', workers: 1 },
    { name: 'paths', testIgnore: ['accessibility.spec.ts', 'goods.spec.ts', 'keys.spec.ts', 'review.spec.ts', 'satisfaction.spec.ts'], workers: 1, dependencies: ['first'] },
    // While keys are disabled, no other page could show a customer; reviewing and surveys need customers whom others do not count.
    { name: 'alone', testMatch: ['keys.spec.ts', 'review.spec.ts', 'satisfaction.spec.ts'], workers: 1, dependencies: ['pages', 'paths'] },
  ],
  timeout: 120_000,
  expect: { timeout: 30_000 },
  reporter: [['list']],
  use: {
    baseURL: process.env.ZHIKE_URL ?? 'http://127.0.0.1:7700',
    storageState: STATE,
    viewport: { width: 1280, height: 900 },
    locale: 'zh-CN',
    timezoneId: 'Asia/Shanghai',
    contextOptions: { reducedMotion: 'reduce' },
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
    },
  },
})
