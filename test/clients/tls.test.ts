import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer } from 'node:tls'
import { afterAll, expect, it, vi } from 'vitest'
import { gateKeys } from '../../src/protocol/keys.ts'
import { makeCertificate } from '../support/redis/certificate.ts'
import { startCluster } from '../support/redis/cluster.ts'
import { startSentinels } from '../support/redis/sentinel.ts'
import { LANGUAGES, startJoined } from './support/joined.ts'

vi.setConfig({ testTimeout: 180_000 })

const folders: string[] = []
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true })
})

/** A TLS server with a certificate of its own that answers everything with `reply`, and keeps what it was told. */
async function startStranger(reply = '+OK\r\n') {
  const folder = mkdtempSync(join(tmpdir(), 'deploy-gate-tls-'))
  folders.push(folder)
  const { certificateFile, keyFile, fingerprint } = makeCertificate(folder)
  const told = { met: 0, heard: '' }
  const server = createServer({ cert: readFileSync(certificateFile), key: readFileSync(keyFile) })
  server.on('connection', () => told.met++)
  server.on('tlsClientError', () => {})
  server.on('secureConnection', (socket) => {
    socket.on('error', () => {})
    socket.on('data', (data) => {
      told.heard += data
      socket.write(String(data).includes('AUTH') ? '+OK\r\n' : reply)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    port,
    fingerprint,
    told,
    async [Symbol.asyncDispose]() {
      server.close()
    },
  }
}

const NOT_PINNED = /fingerprint [0-9a-f]{64}, which is not the pinned one\); this process goes on/

it.each(LANGUAGES)('%s: sends nothing to a sentinel that shows another certificate', async (language) => {
  await using sentinel = await startStranger()
  await using app = startJoined(
    language,
    `rediss+sentinel://:pa55word@127.0.0.1:${sentinel.port}/gate?sentinel-password=pa55word`,
    { pin: 'ab'.repeat(32) },
  )
  await app.says(NOT_PINNED)
  expect(sentinel.told.met).toBeGreaterThan(0)
  expect(sentinel.told.heard).toBe('')
})

it.each(LANGUAGES)(
  '%s: sends nothing to a server that shows another certificate, whoever names it',
  async (language) => {
    await using server = await startStranger()
    const port = String(server.port)
    await using sentinel = await startStranger(`*2\r\n$9\r\n127.0.0.1\r\n$${port.length}\r\n${port}\r\n`)
    await using app = startJoined(
      language,
      `rediss+sentinel://:pa55word@127.0.0.1:${sentinel.port}/gate?sentinel-password=other`,
      { pin: sentinel.fingerprint },
    )
    await app.says(NOT_PINNED)
    expect(sentinel.told.heard).toContain('other')
    expect(sentinel.told.heard).not.toContain('pa55word')
    expect(server.told.met).toBeGreaterThan(0)
    expect(server.told.heard).toBe('')
  },
)

it.each(LANGUAGES)('%s: sends nothing to a node that shows another certificate', async (language) => {
  await using server = await startStranger()
  const port = server.port
  await using seed = await startStranger(`*1\r\n*3\r\n:0\r\n:16383\r\n*2\r\n$9\r\n127.0.0.1\r\n:${port}\r\n`)
  await using app = startJoined(language, `rediss+cluster://:pa55word@127.0.0.1:${seed.port}`, {
    pin: seed.fingerprint,
  })
  await app.says(NOT_PINNED)
  expect(seed.told.heard).toContain('pa55word')
  expect(server.told.met).toBeGreaterThan(0)
  expect(server.told.heard).toBe('')
})

/** A pin that nobody has, then the right one: servers that take over from each other may have a certificate each. */
const pins = (fingerprint: string) => `${'ab'.repeat(32)}, ${fingerprint.toUpperCase()}`

it.each(LANGUAGES)('%s: joins over TLS behind sentinels and in a cluster', async (language) => {
  await using sentinels = await startSentinels({
    tls: true,
    password: 'pa55word',
    sentinelPassword: 'other',
    replicas: 0,
  })
  await using cluster = await startCluster({ tls: true, password: 'pa55word' })
  const [seed = 0] = await cluster.othersThan(await cluster.ownerOf(gateKeys('default').intent))
  for (const { url, fingerprint } of [sentinels, { ...cluster, url: cluster.urlOf(seed) }]) {
    await using app = startJoined(language, url, { pin: pins(fingerprint) })
    await app.says(/^joined$/)
    expect(app.printed).toEqual(['joined'])
  }
})
