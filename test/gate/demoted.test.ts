import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { App } from '../participant/support/app.ts'
import { LIMIT } from '../participant/support/lines.ts'
import { command, info } from '../support/redis/command.ts'
import { freePort } from '../support/redis/redis-process.ts'
import { openScene, type Scene } from './support/scene.ts'

vi.setConfig({ testTimeout: 30_000 })

let scene: Scene
beforeEach(async () => {
  scene = await openScene()
})
afterEach(() => scene[Symbol.asyncDispose]())

const SOON = { renewAgainMs: 20, resumeWatchMs: 10_000 }
const server = () => ({ port: scene.server.port, tls: false })
const phase = () => scene.other.redis.hget(scene.other.keys.intent, 'phase')

/** Makes a replica of the server, as a failover does that it is on the losing side of. */
async function demote(): Promise<void> {
  await command(server(), 'REPLICAOF', '127.0.0.1', await freePort())
}

/** Makes a primary of it again, once it has refused a write since it was demoted. */
async function promote(before: number): Promise<void> {
  await expect.poll(refused, LIMIT).toBeGreaterThan(before)
  await command(server(), 'REPLICAOF', 'NO', 'ONE')
}

async function refused(): Promise<number> {
  const errors = await info(server(), 'errorstats')
  return Number(/count=(\d+)/.exec(errors.get('errorstat_READONLY') ?? '')?.[1] ?? 0)
}

it('a server that is demoted as a drain is asked for is waited for', async () => {
  await scene.clock(new App({ finished: 1 }))
  await demote()
  const asking = scene.acquire({}, SOON)
  await promote(0)
  await using hold = await asking
  expect(await hold.drained()).toBe(true)
})

it('a server that is demoted as a drain is ended is waited for, and the participants go on', async () => {
  const app = await scene.clock(new App({ finished: 1 }))
  const hold = await scene.acquire({}, SOON)
  expect(await hold.drained()).toBe(true)
  const before = await refused()
  await demote()
  const ending = hold[Symbol.asyncDispose]()
  await promote(before)
  await ending
  expect(await phase()).toBe('aborted')
  await app.told('drain', 'resume')
})

it('a participant whose server is demoted makes its connection anew, says so once, and is there again', async () => {
  const app = await scene.clock()
  const connections = async () =>
    String(await command(server(), 'CLIENT', 'LIST'))
      .split('\n')
      .flatMap((line) => (/name=deploy-gate .*sub=1/.test(line) ? [/^id=(\d+)/.exec(line)?.[1]] : []))
  const [first] = await connections()
  const before = await refused()
  await demote()
  // More than one refusal: each is followed by a connection of its own.
  await scene.other.redis.publish(scene.other.keys.doorbell, 'beat')
  await promote(before + 1)
  await app.log.saw(/is reachable again$/)
  await expect.poll(async () => (await connections()).includes(first), LIMIT).toBe(false)
  await scene.other.beaten()
  expect(app.log.matching(/^warning/)).toEqual([
    expect.stringMatching(/can't be reached \(READONLY .*\); this process goes on and keeps trying$/),
  ])
  expect(app.log.matching(/is reachable again$/)).toHaveLength(1)
})
