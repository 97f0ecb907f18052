import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer, getCACertificates, setDefaultCACertificates } from 'node:tls'
import { inspect } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DeployError } from '../../src/outcome.ts'
import { parseRedisUrl } from '../../src/redis/address.ts'
import { connectRedis } from '../../src/redis/connect.ts'
import type { Trust } from '../../src/redis/connector.ts'
import { startFaultProxy } from '../support/fault-proxy.ts'
import { recordingLog } from '../support/recording-log.ts'
import { makeCertificate } from '../support/redis/certificate.ts'
import { type RedisServer, startRedis } from '../support/redis/redis-server.ts'
import { ORIGIN } from './support/origin.ts'

const PASSWORD = 'hush-hush'
const VERIFY: Trust = { verify: true }
const INSECURE: Trust = { verify: false }

function connect(url: string, trust: Trust = VERIFY, signal = new AbortController().signal) {
  const log = recordingLog()
  const client = connectRedis({ address: parseRedisUrl(url), trust, origin: ORIGIN }, log, signal)
  return { log, client }
}

/** Connects, sends a command and closes. */
async function ping(url: string, trust?: Trust): Promise<string> {
  const client = await connect(url, trust).client
  try {
    return await client.ping()
  } finally {
    client.disconnect()
  }
}

/** The error of a connection that must not come about, with the log up to then. Neither may show the password. */
async function refusal(
  url: string,
  trust?: Trust,
): Promise<{ error: DeployError; lines: readonly string[] }> {
  const { client, log } = connect(url, trust)
  const error = await client.then(
    (connected) => connected.disconnect(),
    (reason: unknown) => reason,
  )
  if (!(error instanceof DeployError)) throw new Error(`no DeployError: ${error}`)
  expect(error.outcome).toBe('preflight-failed')
  expect(`${error.message} ${error.next} ${log.lines.join()}`).not.toContain(PASSWORD)
  return { error, lines: log.lines }
}

describe('a user and password', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedis({ password: PASSWORD, acl: ['user gate on >gate-word ~* &* +@all'] })
  })
  afterAll(() => server.stop())
  const at = (who: string) => `redis://${who}127.0.0.1:${server.port}`

  it.each([
    ['the default user', `:${PASSWORD}@`],
    ['another', 'gate:gate-word@'],
  ])('let in %s', async (_, who) => {
    expect(await ping(at(who))).toBe('PONG')
  })

  it.each([
    ['a wrong password', `:not-${PASSWORD}@`, 'WRONGPASS'],
    ['a wrong user', `nobody:${PASSWORD}@`, 'WRONGPASS'],
    ['no password', '', 'NOAUTH'],
  ])('are asked for once, with %s', async (_, who, code) => {
    const { error, lines } = await refusal(at(who))
    expect(error.message).toBe(
      `Redis at 127.0.0.1:${server.port}: the server did not accept the user or password of the URL (${code}).`,
    )
    expect(error.next).toBe(ORIGIN.staleLogin)
    expect(lines).toEqual([])
    expect(inspect(error, { depth: Number.POSITIVE_INFINITY, showHidden: true })).not.toContain(PASSWORD)
  })
})

describe('a certificate', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedis({ password: PASSWORD, tls: true })
  })
  afterAll(() => server.stop())

  it('that is self-signed is refused under verify', async () => {
    const { error, lines } = await refusal(server.url)
    expect(error.message).toMatch(/\(TLS\): its certificate was not accepted \(self-signed certificate/)
    expect(error.next).toBe(ORIGIN.unsignedCertificate)
    expect(lines).toEqual([])
  })

  it('of a known authority is accepted under verify', async () => {
    const before = getCACertificates('default')
    setDefaultCACertificates([...before, readFileSync(server.certificateFile, 'utf8')])
    try {
      expect(await ping(server.url)).toBe('PONG')
    } finally {
      setDefaultCACertificates(before)
    }
  })

  it('is told when it was accepted unseen', async () => {
    const shown: string[] = []
    expect(await ping(server.url, { ...INSECURE, onCertificate: (print) => shown.push(print) })).toBe('PONG')
    expect(shown).toEqual([server.fingerprint])
  })

  it('that is the pinned one is accepted', async () => {
    expect(await ping(server.url, { ...INSECURE, pins: [server.fingerprint] })).toBe('PONG')
  })

  it('that is one of the pinned ones is accepted', async () => {
    const pins = ['ab'.repeat(32), server.fingerprint, 'cd'.repeat(32)]
    expect(await ping(server.url, { ...INSECURE, pins })).toBe('PONG')
  })

  it('that is another than the pinned one is refused, once, with what to do', async () => {
    const { error, lines } = await refusal(server.url, { ...INSECURE, pins: ['ab'.repeat(32)] })
    expect(error.message).toContain(`fingerprint ${server.fingerprint}, which is not the pinned one`)
    expect(error.next).toMatch(/new fingerprint into pin-option.*do not deploy/)
    expect(lines).toEqual([])
  })
})

describe('a server in between', () => {
  const folder = mkdtempSync(join(tmpdir(), 'gate-between-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  /** What a stranger with a certificate of its own hears from a client before it is broken off at the first word. */
  async function heard(trust: (fingerprint: string) => Trust) {
    const certificate = makeCertificate(folder)
    const first = new AbortController()
    let [words, connections] = ['', 0]
    const stranger = createServer(
      { cert: readFileSync(certificate.certificateFile), key: readFileSync(certificate.keyFile) },
      (socket) =>
        socket
          .on('error', () => {})
          .on('data', (piece) => {
            words += piece
            first.abort()
          }),
    )
    stranger.on('tlsClientError', () => {}).on('connection', () => connections++)
    await once(stranger.listen(0, '127.0.0.1'), 'listening')
    const { port } = stranger.address() as AddressInfo
    const url = `rediss://:${PASSWORD}@127.0.0.1:${port}`
    await connect(url, trust(certificate.fingerprint), first.signal).client.catch(() => undefined)
    // Whatever was sent has arrived when the last connection is closed.
    const closed = once(stranger, 'close')
    stranger.close()
    await closed
    return { words, connections }
  }

  it('hears no word, and so no password, when its certificate is not the pinned one', async () => {
    const { words, connections } = await heard(() => ({ ...INSECURE, pins: ['ab'.repeat(32)] }))
    expect(words).toBe('')
    expect(connections).toBe(1)
  })

  it('hears no word when its certificate is not accepted', async () => {
    expect((await heard(() => VERIFY)).words).toBe('')
  })

  it('would hear the password otherwise', async () => {
    expect((await heard((fingerprint) => ({ ...INSECURE, pins: [fingerprint] }))).words).toContain(PASSWORD)
  })
})

describe('a server that is not there', { timeout: 60_000 }, () => {
  it('is tried five times before all eyes', async () => {
    const server = await startRedis({ password: PASSWORD })
    await server.stop()
    const { error, lines } = await refusal(server.url)
    const name = `Redis at 127.0.0.1:${server.port}`
    expect(lines.map((line) => line.replace(/in [\d.]+ s/, 'in a while'))).toEqual(
      [2, 3, 4, 5].map(
        (attempt) =>
          `warning: ${name}: connect ECONNREFUSED 127.0.0.1:${server.port}; trying again in a while (${attempt} of 5)`,
      ),
    )
    expect(error.message).toMatch(/no connection could be made in 5 attempts \(connect ECONNREFUSED/)
    expect(error.next).toBe(ORIGIN.unreachable)
  })

  it('is found when it comes back in the meantime', async () => {
    await using server = await startRedis({ password: PASSWORD })
    await server.kill()
    const { client, log } = connect(server.url)
    await log.line(/\(2 of 5\)/)
    await server.restart({ keepData: true })
    const connected = await client
    expect(await connected.ping()).toBe('PONG')
    connected.disconnect()
  })

  it('is said to be a name that nobody has', async () => {
    const { error } = await refusal(`redis://:${PASSWORD}@nowhere.invalid`)
    expect(error.message).toMatch(/there is no host of that name \((ENOTFOUND|EAI_AGAIN)\)/)
    expect(error.next).toBe(ORIGIN.wrongUrl)
  })

  it('is given up at once when the deploy is cancelled, with the reason of that', async () => {
    await using server = await startRedis({ password: PASSWORD })
    await server.kill()
    const cancel = new AbortController()
    const { client, log } = connect(server.url, VERIFY, cancel.signal)
    await log.line(/\(2 of 5\)/)
    const reason = new Error('cancelled')
    cancel.abort(reason)
    await expect(client).rejects.toBe(reason)
    expect(log.lines).toHaveLength(1)
  })
})

it('does not hang at a server that takes the connection and says nothing', { timeout: 60_000 }, async () => {
  await using server = await startRedis({ password: PASSWORD })
  await using proxy = await startFaultProxy(server.port)
  proxy.freeze()
  const { client, log } = connect(proxy.url(server.url))
  expect(await log.line(/\(2 of 5\)/)).toMatch(/timeout/i)
  proxy.thaw()
  const connected = await client
  expect(await connected.ping()).toBe('PONG')
  connected.disconnect()
})

it('makes a lost connection anew, as a line in the log', { timeout: 60_000 }, async () => {
  await using server = await startRedis({ password: PASSWORD })
  await using proxy = await startFaultProxy(server.port)
  const { client, log } = connect(proxy.url(server.url))
  const connected = await client
  expect(log.lines).toEqual([])
  proxy.drop()
  const name = `Redis at 127\\.0\\.0\\.1:${proxy.port}`
  await log.line(
    new RegExp(`^warning: ${name}: the connection was lost.*trying again in .* \\(attempt 1\\)$`),
  )
  await log.line(new RegExp(`^info: ${name}: connected again$`))
  expect(await connected.ping()).toBe('PONG')
  connected.disconnect()
})

it.each([
  [
    'whose number the server does not have',
    'gate:word@',
    /no database of the number/,
    /Leave the number out/,
  ],
  ['that the user may not select', 'bound:word@', /lacks a right \(NOPERM/, /Give the user the rights/],
])('does not go on in another database than one %s', async (_, who, message, next) => {
  await using server = await startRedis({
    acl: ['user gate on >word ~* &* +@all', 'user bound on >word ~* &* +@all -select'],
  })
  const { error, lines } = await refusal(`redis://${who}127.0.0.1:${server.port}/99`)
  expect(error.message).toMatch(message)
  expect(error.next).toMatch(next)
  expect(lines).toEqual([])
})

it('names rediss:// when a server with TLS hangs up on a URL without', { timeout: 60_000 }, async () => {
  await using server = await startRedis({ tls: true })
  const { error } = await refusal(`redis://127.0.0.1:${server.port}`)
  expect(error.next).toMatch(/^If it speaks TLS there.*rediss:\/\/.* Start the server\.$/)
})
