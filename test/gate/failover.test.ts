import { describe, expect, it, vi } from 'vitest'
import { App } from '../participant/support/app.ts'
import { command, eventually } from '../support/redis/command.ts'
import { type Sentinels, startSentinels } from '../support/redis/sentinel.ts'
import { openTopologyScene } from './support/topology-scene.ts'

// A failover takes some seconds, a lapse of a lease more.
vi.setConfig({ testTimeout: 120_000 })

const PASSWORD = 'hush'

const start = () => startSentinels({ password: PASSWORD, sentinelPassword: 'watch' })

/** Resolves when the replica has all that was written up to now. */
async function replicated(sentinels: Sentinels): Promise<void> {
  const port = await sentinels.primaryPort()
  expect(await command({ port, tls: false, password: PASSWORD }, 'WAIT', 1, 30_000)).toBe(1)
}

describe.each([
  ['is killed', (sentinels: Sentinels) => sentinels.killPrimary()],
  ['hangs', (sentinels: Sentinels) => sentinels.pausePrimary()],
  ['changes places with its replica', (sentinels: Sentinels) => sentinels.failover()],
])('a primary that %s', (_, fail) => {
  it.concurrent('in the middle of a drain is followed by both sides, and the deploy goes on', async () => {
    await using sentinels = await start()
    await using scene = await openTopologyScene(sentinels.url)
    const app = await scene.clock()
    await using hold = await scene.acquire()
    const drained = hold.drained()
    const drain = await app.draining()
    await scene.sees('it drains', ({ rows }) => rows[0]?.state === 'draining')
    await replicated(sentinels)
    const port = await fail(sentinels)
    drain.end({ finished: 1 })
    expect(await drained).toBe(true)
    await hold.commit()
    await scene.sees('both are at the new primary', ({ intent, rows }) => {
      return intent?.phase === 'pushing' && rows[0]?.state === 'drained' && rows[0].finished === 1
    })
    expect(await hold.concerns()).toEqual([])
    await hold.release()
    const { intent } = await scene.sees('it is released', (view) => view.intent?.phase === 'released')
    expect(intent?.epoch).toBe(hold.owner.epoch)
    expect(app.calls).toEqual(['drain'])
    await scene.log.saw(new RegExp(`it is 127\\.0\\.0\\.1:${port} now$`))
  })

  it.concurrent('in the middle of a push leaves the participants held, and a push that fails gives them back', async () => {
    await using sentinels = await start()
    await using scene = await openTopologyScene(sentinels.url)
    const app = await scene.clock(new App({ stored: 1 }))
    const hold = await scene.acquire()
    expect(await hold.drained()).toBe(true)
    await hold.commit()
    await replicated(sentinels)
    await fail(sentinels)
    await scene.sees('both are at the new primary', ({ intent, rows, now }) => {
      return intent?.phase === 'pushing' && rows[0]?.state === 'drained' && rows[0].seen > now - 2_000
    })
    expect(await hold.concerns()).toEqual([])
    expect(app.calls).toEqual(['drain'])
    await hold[Symbol.asyncDispose]()
    await scene.sees('it runs again', ({ rows }) => rows[0]?.state === 'running')
    expect(app.calls).toEqual(['drain', 'resume'])
  })
})

describe('what was not replicated is lost with the primary', () => {
  it.concurrent('a drain: the deploy ends with a lost lease, and the participants resume when theirs is over', async () => {
    await using sentinels = await start()
    await using scene = await openTopologyScene(sentinels.url)
    const app = await scene.clock()
    await replicated(sentinels)
    await sentinels.cutReplicas()
    await using hold = await scene.acquire({}, { drainLeaseMs: 20_000, renewEveryMs: 1_000 })
    const drained = hold.drained()
    void drained.catch(() => {})
    await app.draining()
    await sentinels.killPrimary()
    await expect(drained).rejects.toMatchObject({ outcome: 'lease-lost' })
    app.drains[0]?.end({ finished: 1 })
    // The row that was replicated says `running`, too.
    await eventually('it resumes', async () => app.calls.includes('resume') || undefined)
    expect(app.calls).toEqual(['drain', 'resume'])
    await scene.sees('it runs again', ({ rows }) => rows[0]?.state === 'running')
  })

  it.concurrent('a commit: the drain is still in force, everybody stays held, and the deploy goes on', async () => {
    await using sentinels = await start()
    await using scene = await openTopologyScene(sentinels.url)
    const app = await scene.clock(new App({ stored: 1 }))
    await using hold = await scene.acquire({}, { renewEveryMs: 1_000 })
    expect(await hold.drained()).toBe(true)
    await replicated(sentinels)
    await sentinels.cutReplicas()
    await hold.commit()
    await sentinels.killPrimary()
    const { now } = await scene.sees('it is renewed as long as a push needs', ({ intent, now }) => {
      return intent?.phase === 'draining' && intent.expiry - now > 120_000
    })
    await scene.sees('it has been told', ({ rows }) => (rows[0]?.hold ?? 0) > now + 100_000)
    expect(await hold.concerns()).toEqual([])
    expect(app.calls).toEqual(['drain'])
    await hold.release()
    await scene.sees('it is released', ({ intent }) => intent?.phase === 'released')
  })
})
