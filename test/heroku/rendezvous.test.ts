import { once } from 'node:events'
import { type AddressInfo, connect, createServer, Socket } from 'node:net'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { attach, attachSecret, type Rendezvous } from '../../src/heroku/rendezvous.ts'
import { type Authority, createAuthority } from './support/authority.ts'
import { type ConnectProxy, startConnectProxy } from './support/connect-proxy.ts'
import { type RendezvousServer, startRendezvousServer } from './support/rendezvous-server.ts'
import { type Surroundings, scriptedTime, surroundings } from './support/surroundings.ts'
import { rejection } from './support/world.ts'

const CONNECT_LIMIT_MS = 30_000
const SECRET = 'c1ae5f0e-secret?part=2'

let authority: Authority
let server: RendezvousServer
let around: Surroundings
const proxies: ConnectProxy[] = []

beforeAll(() => {
  authority = createAuthority()
})
afterAll(() => authority.end())
beforeEach(async () => {
  server = await startRendezvousServer(authority.certificate)
  around = surroundings({ env: {}, time: scriptedTime(() => false) })
})
afterEach(async () => {
  await server.close()
  for (const proxy of proxies.splice(0)) await proxy.close()
})

async function proxied(answer?: 200 | 403 | 'silence'): Promise<ConnectProxy> {
  const proxy = await startConnectProxy(answer)
  proxies.push(proxy)
  return proxy
}

/** Attaches, and gathers the output. */
async function attached(env: NodeJS.ProcessEnv = {}) {
  const output: Buffer[] = []
  const dyno = { name: 'run.1234', attachUrl: server.url(SECRET) }
  const connection: Rendezvous = await attach(dyno, { ...around, env }, (piece) => void output.push(piece))
  return { connection, output: () => Buffer.concat(output).toString(), far: await server.attached(SECRET) }
}

const attaching = (attachUrl: string, env: NodeJS.ProcessEnv = {}) =>
  attach({ name: 'run.1234', attachUrl }, { ...around, env }, () => {})

/** resolves to whether a promise has been resolved by now */
const settled = async (promise: Promise<unknown>) =>
  Promise.race([promise.then(() => true), new Promise((resolve) => setImmediate(() => resolve(false)))])

describe('attaching to a dyno', { timeout: 20_000 }, () => {
  it('sends the secret as a line, query included, and takes the greeting for what it is', async () => {
    const { connection, output, far } = await attached()
    expect(far.secret).toBe(SECRET)
    expect(await settled(connection.joined)).toBe(false)
    await far.send('rendezvous\r\n')
    await connection.joined
    await far.send('hello\r\nrendezvous\r\n')
    far.end()
    expect(await connection.closed).toBeUndefined()
    expect(output()).toBe('hello\r\nrendezvous\r\n')
  })

  it('takes a greeting that comes in pieces, with output right behind it', async () => {
    const { connection, output, far } = await attached()
    // Each is a TLS record of its own, and so a piece of its own where it arrives.
    for (const piece of ['rendez', 'vous\r', '\nhel']) await far.send(piece)
    await connection.joined
    await far.send('lo')
    far.end()
    await connection.closed
    expect(output()).toBe('hello')
  })

  it.each([
    ['a line', 'Error: no such process\r\n', true],
    ['no line', 'x'.repeat(100), true],
    ['less than a line', 'rendez', false],
  ])('shows %s that is no greeting', async (_name, text, joins) => {
    const { connection, output, far } = await attached()
    await far.send(text)
    far.end()
    await connection.closed
    expect(output()).toBe(text)
    expect(await settled(connection.joined)).toBe(joins)
  })

  it('writes to the dyno', async () => {
    const { connection, far } = await attached()
    await far.send('rendezvous\r\n')
    await connection.joined
    connection.write('one\n')
    connection.write('two\n')
    await far.received('one\ntwo\n')
    connection.close()
  })

  it('tells why it broke', async () => {
    const { connection, far } = await attached()
    far.destroy()
    expect(await connection.closed).toMatch(/ECONNRESET|socket hang up/)
  })

  it('lets the system look after a connection on which nothing happens', async () => {
    const keepAlive = vi.spyOn(Socket.prototype, 'setKeepAlive')
    const { connection } = await attached()
    connection.close()
    expect(keepAlive).toHaveBeenCalledWith(true, 30_000)
    keepAlive.mockRestore()
  })

  it('ends when it is closed', async () => {
    const { connection, far } = await attached()
    connection.close()
    await far.closed
    expect(await connection.closed).toBeUndefined()
  })
})

describe('a place that nobody can be attached at', { timeout: 20_000 }, () => {
  it('is one with a certificate of an unknown authority', async () => {
    authority.distrust()
    try {
      const error = await rejection(attaching(server.url(SECRET)))
      expect(error).toMatchObject({ outcome: 'failed' })
      expect(error.message).toMatch(
        new RegExp(
          `^The output of run.1234 could not be attached to at localhost:${server.port}: self-signed`,
        ),
      )
      expect(error.next).toContain('NODE_EXTRA_CA_CERTS')
      expect(error.message + error.next).not.toContain(SECRET)
    } finally {
      authority.trust()
    }
  })

  it('is one with the certificate of another name', async () => {
    const url = server.url(SECRET).replace('localhost', '127.0.0.2')
    const other = await startOnAnyAddress(server.port)
    try {
      const error = await rejection(attaching(url.replace(`:${server.port}`, `:${other.port}`)))
      expect(error.message).toMatch(/does not match certificate's altnames/)
    } finally {
      await other.close()
    }
  })

  it('is one at which nobody listens', async () => {
    await server.close()
    const error = await rejection(attaching(server.url(SECRET)))
    expect(error.message).toMatch(/could not be attached to at localhost:\d+: .*ECONNREFUSED/)
    server = await startRendezvousServer(authority.certificate)
  })

  it.each([
    ['https://ssh.example.com/c1ae5f0e-secret', /by SSH only, as in a Shield Private Space/],
    ['rendezvous://rendezvous.example.com:5000/', /names no place at which run\.1234 could be attached to/],
    ['rendezvous:c1ae5f0e-secret', /names no place/],
    ['c1ae5f0e-secret', /names no place/],
  ])('is %s', async (url, message) => {
    const error = await rejection(attaching(url))
    expect(error).toMatchObject({ outcome: 'failed', message: expect.stringMatching(message) })
    expect(`${error.message} ${error.next}`).not.toContain('c1ae5f0e')
  })

  it.each([
    ['a server that accepts and says nothing', 'silent server'],
    ['a proxy that says nothing', 'silent proxy'],
  ])('is one behind %s, after 30 s', async (_name, kind) => {
    const time = scriptedTime(() => false)
    around = surroundings({ time })
    const silent = createServer()
    await once(silent.listen(0, '127.0.0.1'), 'listening')
    const port = kind === 'silent server' ? (silent.address() as AddressInfo).port : 5000
    const env = kind === 'silent proxy' ? { HTTPS_PROXY: (await proxied('silence')).url } : {}
    const connections: Socket[] = []
    silent.on('connection', (socket) => connections.push(socket.on('error', () => {})))
    const failing = rejection(attaching(`rendezvous://localhost:${port}/${SECRET}`, env))
    await time.asleep(CONNECT_LIMIT_MS)
    time.elapse(CONNECT_LIMIT_MS)
    expect((await failing).message).toMatch(/could not be attached to at localhost:\d+: no answer in time\.$/)
    for (const socket of connections) socket.destroy()
    silent.close()
  })

  it('rejects with the reason of the signal, before and while it connects', async () => {
    const proxy = await proxied('silence')
    const reason = new Error('the job was cancelled')
    const failing = rejection(attaching(server.url(SECRET), { HTTPS_PROXY: proxy.url }))
    while (proxy.asked.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    around.abort(reason)
    expect(await failing).toBe(reason)
    expect(await rejection(attaching(server.url(SECRET)))).toBe(reason)
    expect(server.connections()).toBe(0)
  })
})

describe('behind a proxy', { timeout: 20_000 }, () => {
  it.each(['HTTPS_PROXY', 'https_proxy'])('goes through the one in %s, with its password', async (name) => {
    const proxy = await proxied()
    const { connection, output, far } = await attached({ [name]: proxy.url })
    await far.send('rendezvous\r\nhello\n')
    await connection.joined
    connection.write('word\n')
    far.end()
    expect(await connection.closed).toBeUndefined()
    expect(output()).toBe('hello\n')
    const authorization = `Basic ${Buffer.from('me:p@ss').toString('base64')}`
    expect(proxy.asked).toEqual([{ target: `localhost:${server.port}`, authorization }])
  })

  it.each(['NO_PROXY', 'no_proxy'])('goes past it to a host in %s', async (name) => {
    const proxy = await proxied(403)
    const { connection } = await attached({ HTTPS_PROXY: proxy.url, [name]: 'example.com,localhost' })
    connection.close()
    expect(proxy.asked).toEqual([])
  })

  it('checks the certificate of the far end', async () => {
    authority.distrust()
    try {
      const proxy = await proxied()
      expect((await rejection(attaching(server.url(SECRET), { HTTPS_PROXY: proxy.url }))).message).toMatch(
        /self-signed certificate/,
      )
      expect(proxy.asked).toHaveLength(1)
    } finally {
      authority.trust()
    }
  })

  it('says so when the proxy lets nobody through to that port', async () => {
    const proxy = await proxied(403)
    const error = await rejection(attaching(server.url(SECRET), { HTTPS_PROXY: proxy.url }))
    expect(error.message).toBe(
      `The proxy of this runner (HTTPS_PROXY) lets nobody through to localhost:${server.port}, where the output of run.1234 ` +
        'is: it answered 403.',
    )
    expect(error.next).toMatch(/Allow CONNECT to localhost:\d+ in the proxy.*add localhost to NO_PROXY/)
    expect(`${error.message} ${error.next}`).not.toMatch(/p@ss|p%40ss/)
  })

  it('says so when there is no proxy where it should be', async () => {
    const proxy = await startConnectProxy()
    await proxy.close()
    const error = await rejection(attaching(server.url(SECRET), { HTTPS_PROXY: proxy.url }))
    expect(error.message).toMatch(/could not be attached to at localhost:\d+: .*ECONNREFUSED/)
    expect(error.next).toContain('the proxy in HTTPS_PROXY')
  })
})

describe('the secret of an attach URL', () => {
  it('is what follows the place', () => {
    expect(attachSecret('rendezvous://rendezvous.example.com:5000/abc')).toBe('abc')
    expect(attachSecret('rendezvous://rendezvous.example.com:5000/abc?d=e')).toBe('abc?d=e')
    expect(attachSecret('nonsense')).toBe('')
  })
})

/** Listens at 127.0.0.2, for which no certificate is made, and passes on to a port of 127.0.0.1. */
async function startOnAnyAddress(to: number) {
  const relay = createServer((client) => {
    const upstream = connect(to, '127.0.0.1')
    client.on('error', () => {}).pipe(upstream)
    upstream.on('error', () => {}).pipe(client)
  })
  await once(relay.listen(0, '127.0.0.2'), 'listening')
  return {
    port: (relay.address() as AddressInfo).port,
    close: () => new Promise((resolve) => relay.close(resolve)),
  }
}
