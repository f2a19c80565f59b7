// A real identity provider on this machine, for sso.spec.ts: node e2e/provider.mjs PORT REDIRECT_URI
// Whoever gives a name is that person; `nobody` belongs to no group.
import { Provider } from 'oidc-provider'

const [port, redirect] = process.argv.slice(2)
const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{ client_id: 'zhike', client_secret: 'a secret of the tests', redirect_uris: [redirect], grant_types: ['authorization_code'], response_types: ['code'] }],
  claims: { openid: ['sub'], profile: ['name', 'preferred_username', 'groups'] },
  // Groups stand in the token itself, as most providers can be told to have it.
  conformIdTokenClaims: false,
  pkce: { required: () => true },
  cookies: { keys: ['of the tests'] },
  findAccount: (_, sub) => ({
    accountId: sub,
    claims: () => ({ sub, name: sub, preferred_username: sub, groups: sub.startsWith('nobody') ? [] : ['stats'] }),
  }),
})
provider.listen(Number(port), '127.0.0.1', () => console.log('ready'))
