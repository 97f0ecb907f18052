import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join as joinPath } from 'node:path'
import { createServer } from 'node:tls'
import { expect, it, vi } from 'vitest'
import { join } from '../../src/participant/join.ts'
import { App } from '../participant/support/app.ts'
import { makeCertificate } from '../support/redis/certificate.ts'
import { startCluster } from '../support/redis/cluster.ts'
import { command } from '../support/redis/command.ts'
import { startSentinels } from '../support/redis/sentinel.ts'
import { leaks, type StepResult } from '../support/runner/runner.ts'
import { openScene, type Scene, told } from './support/scene.ts'

vi.setConfig({ testTimeout: 120_000 })

const PASSWORD = 'pa55/word-of-servers'
const WATCH = 'pa55@word-of-sentinels'
const BUILDING = /Node\.js app detected/

/** A participant of the shipped library, and the app's config var, both with `url`. */
async function appWith(scene: Scene, url: string) {
  scene.world.api.script('/apps/shop/config-vars', { body: { REDIS_URL: url } })
  const app = new App({ finished: 1 })
  const clock = await join(app, { redisUrl: url, dyno: 'clock.1', handleSigterm: false, log: app.log })
  return { app, [Symbol.asyncDispose]: () => clock.leave() }
}

function assertSecret(scene: Scene, result: StepResult, url: string): void {
  scene.assertSecret(result)
  for (const secret of [url, PASSWORD, encodeURIComponent(PASSWORD), WATCH, encodeURIComponent(WATCH)]) {
    expect(leaks(result.raw, secret)).toEqual([])
    expect(result.summary).not.toContain(secret)
  }
}

it('a deploy goes through a failover of Sentinel during its build', async () => {
  await using sentinels = await startSentinels({ password: PASSWORD, sentinelPassword: WATCH })
  await using scene = await openScene()
  await using shop = await appWith(scene, sentinels.url)
  scene.builds()
  const step = scene.step({ 'wait-for-clock': '0' })
  await step.waitForLine(BUILDING)
  const door = { port: await sentinels.primaryPort(), tls: false, password: PASSWORD }
  expect(await command(door, 'WAIT', 1, 30_000)).toBe(1)
  const port = await sentinels.killPrimary()
  await step.waitForLine(new RegExp(`it is 127\\.0\\.0\\.1:${port} now`))
  scene.world.git.release()
  const result = await step.done
  expect(told(result, 'error')).toBe('')
  expect(result).toMatchObject({
    code: 0,
    outputs: { outcome: 'deployed', release: 'v43', 'jobs-finished': '1' },
  })
  expect(shop.app.calls).toEqual(['drain'])
  assertSecret(scene, result, sentinels.url)
})

it('a build that fails after a failover of Sentinel gives the clock back', async () => {
  await using sentinels = await startSentinels({ password: PASSWORD, sentinelPassword: WATCH })
  await using scene = await openScene()
  await using shop = await appWith(scene, sentinels.url)
  scene.buildWith(
    'echo "-----> Node.js app detected"\nhold\necho " !     Push rejected, failed to compile Node.js app."\nexit 1',
  )
  const step = scene.step()
  await step.waitForLine(BUILDING)
  const door = { port: await sentinels.primaryPort(), tls: false, password: PASSWORD }
  expect(await command(door, 'WAIT', 1, 30_000)).toBe(1)
  await sentinels.killPrimary()
  scene.world.git.release()
  expect(await step.done).toMatchObject({ code: 1, outputs: { outcome: 'build-failed' } })
  await shop.app.told('drain', 'resume')
})

it('a deploy passes the gate of a cluster over TLS, with a pin among several', async () => {
  await using cluster = await startCluster({ password: PASSWORD, tls: true })
  await using scene = await openScene()
  await using shop = await appWith(scene, cluster.url)
  scene.builds()
  scene.world.git.release()
  const pins = `${'ab'.repeat(32)}, ${cluster.fingerprint.toUpperCase()}`
  const result = await scene.step({ 'wait-for-clock': '0', 'redis-tls-fingerprint': pins }).done
  expect(told(result, 'error')).toBe('')
  expect(result).toMatchObject({ code: 0, outputs: { outcome: 'deployed' } })
  expect(shop.app.calls).toEqual(['drain'])
  assertSecret(scene, result, cluster.url)
})

it.each([
  ['a server', 'rediss://', ''],
  ['a sentinel', 'rediss+sentinel://', '/gate?sentinel-password=pa55word-of-sentinels'],
])(
  '%s with another certificate than the pinned one hears no password, and nobody is asked',
  async (_, scheme, rest) => {
    const folder = mkdtempSync(joinPath(tmpdir(), 'gate-stranger-'))
    const { certificateFile, keyFile, fingerprint } = makeCertificate(folder)
    let heard = ''
    const stranger = createServer(
      { cert: readFileSync(certificateFile), key: readFileSync(keyFile) },
      (socket) =>
        socket
          .on('error', () => {})
          .on('data', (piece) => {
            heard += piece
            socket.destroy()
          }),
    ).on('tlsClientError', () => {})
    await once(stranger.listen(0, '127.0.0.1'), 'listening')
    await using scene = await openScene()
    try {
      const { port } = stranger.address() as AddressInfo
      const url = `${scheme}:pa55word-of-servers@127.0.0.1:${port}${rest}`
      scene.world.api.script('/apps/shop/config-vars', { body: { REDIS_URL: url } })
      const result = await scene.step({ 'redis-tls-fingerprint': 'ab'.repeat(32) }).done
      expect(result).toMatchObject({ code: 1, outputs: { outcome: 'preflight-failed' } })
      expect(told(result, 'error')).toContain(`${fingerprint}, which is not the pinned one`)
      expect(told(result, 'error')).toContain('do not deploy')
      expect(heard).toBe('')
      expect(leaks(result.raw, 'pa55word')).toEqual([])
    } finally {
      stranger.close()
      rmSync(folder, { recursive: true })
    }
  },
)
