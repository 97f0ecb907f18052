import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { DeployError } from '../../src/outcome.ts'
import { parseRedisUrl } from '../../src/redis/address.ts'
import { ask } from '../../src/redis/ask.ts'
import { connectRedis } from '../../src/redis/connect.ts'
import type { Trust } from '../../src/redis/connector.ts'
import { recordingLog } from '../support/recording-log.ts'
import { type Cluster, startCluster } from '../support/redis/cluster.ts'
import { command } from '../support/redis/command.ts'
import { freePort } from '../support/redis/redis-process.ts'
import { startRedis } from '../support/redis/redis-server.ts'
import { type Sentinels, startSentinels } from '../support/redis/sentinel.ts'
import { ORIGIN } from './support/origin.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 })

const PASSWORD = 'hush/hush'
const WATCH = 'watch@word'
const KEY = 'deploy-gate:{default}:epoch'

function connect(url: string, trust: Trust = { verify: false }, signal = new AbortController().signal) {
  const log = recordingLog()
  const destination = { address: parseRedisUrl(url), trust, origin: ORIGIN, key: KEY }
  return { log, client: connectRedis(destination, log, signal) }
}

/** Connects, writes to the gate's slot, and tells the port of the server that it came to. */
async function lead(url: string, trust?: Trust): Promise<number> {
  const client = await connect(url, trust).client
  try {
    expect(await client.set(KEY, '1')).toBe('OK')
    return Number(/^tcp_port:(\d+)/m.exec(await client.info('server'))?.[1])
  } finally {
    client.disconnect()
  }
}

/** What a connection that must not come about is told, and what is told to do. */
async function refusal(
  url: string,
  trust?: Trust,
): Promise<{ message: string; next: string; lines: readonly string[] }> {
  const { client, log } = connect(url, trust)
  const error = await client.then(
    (connected) => connected.disconnect(),
    (reason: unknown) => reason,
  )
  if (!(error instanceof DeployError)) throw new Error(`no DeployError: ${error}`)
  for (const secret of [PASSWORD, WATCH])
    for (const written of [secret, encodeURIComponent(secret)])
      expect(`${error.message} ${error.next} ${log.lines.join()}`).not.toContain(written)
  return { message: error.message, next: error.next, lines: log.lines }
}

describe('a primary that sentinels name', () => {
  let sentinels: Sentinels
  beforeAll(async () => {
    sentinels = await startSentinels({ password: PASSWORD, sentinelPassword: WATCH })
  })
  afterAll(() => sentinels.stop())
  const at = (hosts: string, rest = `gate?sentinel-password=${encodeURIComponent(WATCH)}`) =>
    `redis+sentinel://:${encodeURIComponent(PASSWORD)}@${hosts}/${rest}`
  const sentinel = (index: number) => `127.0.0.1:${sentinels.sentinelPorts[index]}`

  it('is connected to', async () => {
    expect(await lead(sentinels.url)).toBe(await sentinels.primaryPort())
  })

  it('is found also when the first host is down, is a plain server, or knows another password', async () => {
    const down = `127.0.0.1:${await freePort()}`
    const plain = `127.0.0.1:${sentinels.servers[0]?.port}`
    expect(await lead(at(`${down},${plain},${sentinel(0)}`))).toBe(await sentinels.primaryPort())
  })

  it('is not found without the password of the sentinels, and that is told once', async () => {
    const { message, next, lines } = await refusal(at(sentinel(0), 'gate'))
    expect(message).toBe(
      `Redis primary gate of the sentinels at ${sentinel(0)}: the sentinel at ${sentinel(0)} did not accept the login (NOAUTH).`,
    )
    expect(next).toContain('?sentinel-user=…&sentinel-password=… at the end of the URL')
    expect(lines).toEqual([])
  })

  it('lets nobody in with a wrong password of its own', async () => {
    const { message, next } = await refusal(sentinels.url.replace(encodeURIComponent(PASSWORD), 'other'))
    expect(message).toContain(
      `the primary at 127.0.0.1:${await sentinels.primaryPort()}: the server did not accept the user or password of the URL (WRONGPASS).`,
    )
    expect(next).toBe(ORIGIN.staleLogin)
  })

  it('must be known by its name', async () => {
    const { message, next } = await refusal(sentinels.url.replace('/gate?', '/other?'))
    expect(message).toContain('it knows no primary of the name other.')
    expect(next).toContain('SENTINEL MASTERS lists those that there are')
  })

  it('is not what a plain URL of a sentinel leads to, and the right form is told', async () => {
    const url = `redis://:${encodeURIComponent(WATCH)}@${sentinel(0)}`
    const { message, next, lines } = await refusal(url)
    expect(message).toBe(`Redis at ${sentinel(0)}: the server is a sentinel, which keeps no keys.`)
    expect(next).toMatch(/^Write its URL as redis\+sentinel:.*<name of the primary>/)
    expect(lines).toEqual([])
  })
})

describe('over TLS, the certificate', () => {
  let sentinels: Sentinels
  beforeAll(async () => {
    sentinels = await startSentinels({ password: PASSWORD, tls: true })
  })
  afterAll(() => sentinels.stop())

  it('may be pinned, and is the sentinels’ as well as the servers’', async () => {
    const shown: string[] = []
    const trust = {
      verify: false,
      pins: [sentinels.fingerprint],
      onCertificate: (one: string) => shown.push(one),
    }
    expect(await lead(sentinels.url, trust)).toBe(await sentinels.primaryPort())
    // A sentinel, the primary when it was asked for its role, and the primary.
    expect(shown).toEqual([sentinels.fingerprint, sentinels.fingerprint, sentinels.fingerprint])
  })

  it('of a sentinel is refused when it is another than the pinned one', async () => {
    const { message, next, lines } = await refusal(sentinels.url, { verify: false, pins: ['ab'.repeat(32)] })
    expect(message).toContain(
      `the sentinel at 127.0.0.1:${sentinels.sentinelPorts[0]}: the server's certificate has`,
    )
    expect(next).toContain('do not deploy')
    expect(lines).toEqual([])
  })
})

describe('the node of a cluster that has the gate', () => {
  let cluster: Cluster
  beforeAll(async () => {
    cluster = await startCluster({ password: PASSWORD })
  })
  afterAll(() => cluster.stop())
  const plain = (port: number) => `redis://:${encodeURIComponent(PASSWORD)}@127.0.0.1:${port}`

  it('is found from every node, and when the first host is down', async () => {
    const owner = await cluster.ownerOf(KEY)
    for (const { port } of cluster.nodes) expect(await lead(cluster.urlOf(port))).toBe(owner)
    const [other = 0] = await cluster.othersThan(owner)
    expect(await lead(cluster.urlOf(await freePort(), other))).toBe(owner)
  })

  it('is found anew when its slot has moved, on the connection that was there', async () => {
    const { client, log } = connect(cluster.url)
    const connected = await client
    try {
      await connected.set(KEY, '1')
      const [other = 0] = await cluster.othersThan(await cluster.ownerOf(KEY))
      await cluster.move(KEY, other)
      await expect.poll(() => connected.get(KEY).catch(String), { timeout: 20_000 }).toBe('1')
      expect(log.lines.at(-2)).toContain(`it is 127.0.0.1:${other} now`)
    } finally {
      connected.disconnect()
    }
  })

  it('is not what the plain URL of another node leads to, and the right form is told', async () => {
    const owner = await cluster.ownerOf(KEY)
    const [other = 0] = await cluster.othersThan(owner)
    const { message, next, lines } = await refusal(plain(other))
    expect(message).toBe(
      `Redis at 127.0.0.1:${other}: the server is a node of a Redis Cluster, and the gate is on another one.`,
    )
    expect(next).toMatch(/^Write its URL as redis\+cluster:/)
    expect(lines).toEqual([])
    // By chance it may be the right one.
    expect(await lead(plain(owner))).toBe(owner)
  })
})

it('a node that does not say how others reach it is reached by the host that was given', async () => {
  // What it announces instead is "?" or nothing at all.
  for (const kind of ['hostname', 'unknown-endpoint']) {
    await using cluster = await startCluster({ config: [`cluster-preferred-endpoint-type ${kind}`] })
    const owner = await cluster.ownerOf(KEY)
    const [other = 0] = await cluster.othersThan(owner)
    expect(await lead(cluster.urlOf(other))).toBe(owner)
  }
})

it.each([
  ['cluster', '', 'the node', 'it is no node of a cluster.'],
  ['sentinel', '/gate', 'the sentinel', 'it is no sentinel.'],
])('a %s URL of a single server is refused, and the right form is told', async (kind, rest, asked, what) => {
  await using server = await startRedis()
  const { message, next, lines } = await refusal(`redis+${kind}://127.0.0.1:${server.port}${rest}`)
  expect(message).toContain(`${asked} at 127.0.0.1:${server.port}: ${what}`)
  expect(next).toContain('The URL of a single server begins with redis:// or rediss://.')
  expect(lines).toEqual([])
})

it('a single server that was demoted is left for a new connection, and comes back', async () => {
  await using server = await startRedis()
  const { client, log } = connect(server.url)
  const connected = await client
  const door = { port: server.port, tls: false }
  try {
    const before = await connected.client('ID')
    await command(door, 'REPLICAOF', '127.0.0.1', await freePort())
    await expect(connected.set(KEY, '1')).rejects.toThrow('READONLY')
    await command(door, 'REPLICAOF', 'NO', 'ONE')
    expect(await connected.client('ID')).toBeGreaterThan(before)
    expect(await connected.set(KEY, '1')).toBe('OK')
    expect(log.lines.join('\n')).toMatch(
      /connection was lost \(READONLY .*; trying again.*\n.*connected again/,
    )
  } finally {
    connected.disconnect()
  }
})

it('a server that sentinels still name, and that is no primary any more, is not taken', async () => {
  // With nobody to promote, the sentinels go on naming it.
  await using sentinels = await startSentinels({ replicas: 0 })
  const door = { port: await sentinels.primaryPort(), tls: false }
  await command(door, 'REPLICAOF', '127.0.0.1', await freePort())
  const { client, log } = connect(sentinels.url)
  await log.line(
    new RegExp(
      `the sentinel at .*: it names 127\\.0\\.0\\.1:${door.port}, which is no primary; trying again`,
    ),
  )
  await command(door, 'REPLICAOF', 'NO', 'ONE')
  const connected = await client
  expect(await connected.set(KEY, '1')).toBe('OK')
  connected.disconnect()
})

it('a search for the server ends with whoever wants to know', async () => {
  const deaf = await startRedis()
  deaf.pause()
  try {
    const abort = new AbortController()
    const address = parseRedisUrl(deaf.url)
    const answer = ask('the node', address, { trust: { verify: false }, signal: abort.signal }, (call) =>
      call('PING'),
    )
    const reason = new Error('enough')
    setImmediate(() => abort.abort(reason))
    await expect(answer).rejects.toBe(reason)
  } finally {
    await deaf.stop()
  }
})
