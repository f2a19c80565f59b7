// Signs in once for all paths: makes the administrator by the link that the server printed (ZHIKE_SETUP_URL), or comes in
// as the one who is there already (ZHIKE_E2E_USER, ZHIKE_E2E_PASSWORD), and leaves the session's cookie for the browser.
import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'

import { request, type FullConfig } from '@playwright/test'

export const STATE = 'test-results/state.json'
export const USER = process.env.ZHIKE_E2E_USER ?? 'e2e'
export const PASSWORD = process.env.ZHIKE_E2E_PASSWORD ?? 'Correct-horse-7'

export default async function setup(config: FullConfig): Promise<void> {
  const baseURL = config.projects[0]?.use.baseURL ?? 'http://127.0.0.1:7700'
  const api = await request.newContext({ baseURL, extraHTTPHeaders: { 'x-zhike-request': '1' } })
  const token = new URL(process.env.ZHIKE_SETUP_URL ?? baseURL).hash.replace('#token=', '')
  const { needed } = (await (await api.get('/api/v1/setup')).json()) as { needed: boolean }
  const answer = needed
    ? await api.post('/api/v1/setup', { data: { token, name: USER, password: PASSWORD } })
    : await api.post('/api/v1/session', { data: { name: USER, password: PASSWORD } })
  if (!answer.ok()) throw new Error(`cannot sign in to ${baseURL}: ${await answer.text()}`)
  await mkdir(dirname(STATE), { recursive: true })
  await api.storageState({ path: STATE })
  await api.dispose()
}
