import { expect, it, vi } from 'vitest'
import { gateKeys } from '../../src/protocol/keys.ts'
import { App } from '../participant/support/app.ts'
import { startCluster } from '../support/redis/cluster.ts'
import { openTopologyScene } from './support/topology-scene.ts'

vi.setConfig({ testTimeout: 120_000 })

const KEYS = gateKeys('default')

it('a deploy passes the gate of a cluster, whichever node it and the participants ask first', async () => {
  await using cluster = await startCluster({ password: 'hush' })
  const [one = 0, other = 0] = await cluster.othersThan(await cluster.ownerOf(KEYS.intent))
  await using scene = await openTopologyScene(cluster.urlOf(one))
  await using beside = await openTopologyScene(cluster.urlOf(other))
  const app = await beside.clock(new App({ finished: 1 }))
  await using hold = await scene.acquire()
  expect(await hold.drained()).toBe(true)
  await hold.commit()
  expect(await hold.concerns()).toEqual([])
  await hold.release()
  await beside.sees('it is released', ({ intent }) => intent?.phase === 'released')
  expect(app.calls).toEqual(['drain'])
  expect(app.log.matching(/^warning/)).toEqual([])
})

it('a drain whose slot moves to another node is followed by both sides, through every step of the move', async () => {
  await using cluster = await startCluster()
  await using scene = await openTopologyScene(cluster.url)
  const app = await scene.clock()
  await using hold = await scene.acquire()
  const drained = hold.drained()
  const drain = await app.draining()
  await scene.sees('it drains', ({ rows }) => rows[0]?.state === 'draining')
  const [to = 0] = await cluster.othersThan(await cluster.ownerOf(KEYS.intent))
  const move = await cluster.beginMove(KEYS.intent, to)
  // The request is at one node and the rows at the other.
  await move.keys(KEYS.roster)
  drain.end({ finished: 1 })
  await app.log.saw(/^warning: .* can't serve the gate now \(TRYAGAIN/)
  await move.keys()
  await move.finish()
  expect(await drained).toBe(true)
  await hold.commit()
  expect(await hold.concerns()).toEqual([])
  await hold.release()
  await scene.sees('it is released', ({ intent }) => intent?.phase === 'released')
  expect(app.calls).toEqual(['drain'])
  await app.log.saw(/is reachable again$/)
  expect(await cluster.ownerOf(KEYS.intent)).toBe(to)
})

it('all keys at the new node before it has the slot: everybody waits until it has', async () => {
  await using cluster = await startCluster()
  await using scene = await openTopologyScene(cluster.url)
  const app = await scene.clock()
  await using hold = await scene.acquire()
  const drained = hold.drained()
  const drain = await app.draining()
  const [to = 0] = await cluster.othersThan(await cluster.ownerOf(KEYS.intent))
  const move = await cluster.beginMove(KEYS.intent, to)
  await move.keys()
  drain.end({ stored: 1 })
  await app.log.saw(/^warning: .* can't serve the gate now \(ASK/)
  await move.finish()
  expect(await drained).toBe(true)
  await hold[Symbol.asyncDispose]()
  await scene.sees('it runs again', ({ rows }) => rows[0]?.state === 'running')
  expect(app.calls).toEqual(['drain', 'resume'])
})

it('a node that is killed during a push is followed by its replica', async () => {
  await using cluster = await startCluster({ replicas: 1 })
  await using scene = await openTopologyScene(cluster.url)
  const app = await scene.clock(new App({ finished: 1 }))
  await using hold = await scene.acquire()
  expect(await hold.drained()).toBe(true)
  await hold.commit()
  const owner = await cluster.ownerOf(KEYS.intent)
  await cluster.replicated(owner)
  await cluster.kill(owner)
  await scene.sees('both are at the replica', ({ intent, rows, now }) => {
    return intent?.phase === 'pushing' && rows[0]?.state === 'drained' && rows[0].seen > now - 2_000
  })
  expect(await cluster.ownerOf(KEYS.intent)).not.toBe(owner)
  expect(await hold.concerns()).toEqual([])
  await hold.release()
  await scene.sees('it is released', ({ intent }) => intent?.phase === 'released')
  expect(app.calls).toEqual(['drain'])
})
