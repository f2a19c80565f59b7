// A real mail host on this machine, for alerts.spec.ts and the tests of the server:
// node e2e/mailhost.mjs [PORT] [tls=implicit|starttls|none] [cert=FILE key=FILE] [user=NAME password=WORD] [defer=N] [refuse=ADDRESS] [inject]
// It prints {"port"} once it listens, and each mail that it takes as a line of JSON. The first N mails are put off (451); a
// mailbox that is gone is refused (550).
// `inject` says more behind its consent to STARTTLS than it may, as somebody on the way would.
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { SMTPServer } from 'smtp-server'

const [first, ...rest] = process.argv.slice(2)
const options = Object.fromEntries(rest.map((one) => one.split('=')))
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`)
const tls = options.tls ?? 'none'
let nDeferred = Number(options.defer ?? 0)

if ('inject' in options) {
  const host = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.write('220 injecting\r\n')
    socket.on('data', (data) => {
      const text = data.toString('latin1')
      if (text.startsWith('EHLO')) socket.write('250-injecting\r\n250 STARTTLS\r\n')
      else if (text.startsWith('STARTTLS')) socket.write('220 go on\r\n250-injecting\r\n250 AUTH PLAIN\r\n235 yes\r\n250 yes\r\n250 yes\r\n354 yes\r\n250 taken\r\n')
      else say({ heard: text })
    })
  })
  host.listen(Number(first ?? 0), '127.0.0.1', () => say({ port: host.address().port }))
} else {
  const host = new SMTPServer({
    secure: tls === 'implicit',
    disabledCommands: tls === 'none' ? ['STARTTLS', ...(options.user ? [] : ['AUTH'])] : options.user ? [] : ['AUTH'],
    allowInsecureAuth: tls === 'none',
    authOptional: !options.user,
    ...(options.cert ? { cert: readFileSync(options.cert), key: readFileSync(options.key) } : {}),
    onAuth: ({ username, password }, _session, done) =>
      username === options.user && password === options.password ? done(null, { user: username }) : done(Object.assign(new Error('wrong'), { responseCode: 535 })),
    onRcptTo: ({ address }, _session, done) => (address === options.refuse ? done(Object.assign(new Error('nobody'), { responseCode: 550 })) : done()),
    onData: (stream, session, done) => {
      const parts = []
      stream.on('data', (part) => parts.push(part))
      stream.on('end', () => {
        if (nDeferred > 0) {
          nDeferred -= 1
          done(Object.assign(new Error('later'), { responseCode: 451 }))
          return
        }
        const { mailFrom, rcptTo } = session.envelope
        say({ from: mailFrom.address, to: rcptTo.map((one) => one.address), user: session.user ?? null, secure: session.secure, raw: Buffer.concat(parts).toString('utf8') })
        done()
      })
    },
  })
  host.on('error', (error) => say({ error: error.message }))
  host.listen(Number(first ?? 0), '127.0.0.1', () => say({ port: host.server.address().port }))
}
