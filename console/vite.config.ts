import react from '@vitejs/plugin-react'
import { defineConfig } from 'vitest/config'

// The server stamps a fresh nonce into index.html by replacing the text __CSP_NONCE__, and answers every path that is
// neither a file nor an API with index.html. Nothing is inlined: scripts and styles are files of the same origin.
export default defineConfig({
  plugins: [react()],
  html: { cspNonce: '__CSP_NONCE__' },
  build: {
    outDir: 'dist',
    manifest: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 1200,
    target: 'es2022',
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: 'charts', test: /node_modules[\\/](echarts|zrender|tslib)[\\/]/ }] } } },
  },
  server: { port: 5173, proxy: { '/api': process.env.ZHIKE_URL ?? 'http://127.0.0.1:7700' } },
  test: {
    environment: 'jsdom',
    include: ['src/**/*.test.{ts,tsx}'],
    setupFiles: ['src/test-setup.ts'],
    testTimeout: 60_000,
  },
})
