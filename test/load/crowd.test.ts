import { Redis } from 'ioredis'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { parseProcesses } from '../../src/deploy/processes.ts'
import { underGate } from '../../src/deploy/under-gate.ts'
import { newDeployId } from '../../src/gate/gate.ts'
import type { AskedType, DrainTerms } from '../../src/gate/terms.ts'
import { gateKeys } from '../../src/protocol/keys.ts'
import { look } from '../../src/protocol/look.ts'
import { Lines } from '../participant/support/lines.ts'
import { type RedisServer, startRedis } from '../support/redis/redis-server.ts'
import { bootCrowd, type Crowd, type Tally, together } from './support/crowd.ts'
import { openGate } from './support/deployer.ts'

vi.setConfig({ testTimeout: 300_000, hookTimeout: 120_000 })

const EVERYBODY = 1_000
const LIMIT = { timeout: 120_000, interval: 250 }
const keys = gateKeys('default')
let server: RedisServer
let redis: Redis
const crowds: Crowd[] = []

beforeEach(async () => {
  // They all boot in the same moment, which dynos don't.
  server = await startRedis({ appendonly: false, config: ['tcp-backlog 1024'] })
  redis = new Redis(server.url)
  const [, most] = (await redis.config('GET', 'maxclients')) as [string, string]
  if (Number(most) < EVERYBODY + 100) {
    throw new Error(
      `${EVERYBODY} participants have a connection each, and redis-server takes ${most} here: raise the limit of open files, ulimit -n 4096.`,
    )
  }
})
afterEach(async () => {
  await Promise.all(crowds.splice(0).map((crowd) => crowd[Symbol.asyncDispose]()))
  redis.disconnect()
  await server.stop()
})

/** Half of each process type in a process of its own. */
async function boot(asked: readonly AskedType[]): Promise<void> {
  for (const { type, atLeast } of asked) {
    const half = Math.ceil(atLeast / 2)
    crowds.push(bootCrowd(server.url, { type, count: half }))
    crowds.push(bootCrowd(server.url, { type, first: half + 1, count: atLeast - half }))
  }
  await expect.poll(states, LIMIT).toEqual({ running: EVERYBODY })
}

/** What the rows say, each so often. */
async function states(): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const { state } of (await look(redis, keys)).rows) counts[state] = (counts[state] ?? 0) + 1
  return counts
}

async function tally(): Promise<Tally> {
  return together(await Promise.all(crowds.map((crowd) => crowd.tally())))
}

/** Connections of the gate, the deployer's among them. */
async function connections(): Promise<number> {
  return String(await redis.client('LIST')).match(/ name=deploy-gate /g)?.length ?? 0
}

async function deploy(
  asked: readonly AskedType[],
  succeeds: boolean,
  during: () => Promise<void>,
): Promise<Lines> {
  const log = new Lines()
  const terms: DrainTerms = {
    asked,
    acknowledgeTimeoutMs: 120_000,
    drainTimeoutMs: 120_000,
    onDrainTimeout: 'fail',
    onMissingClock: 'fail',
  }
  await using gate = await openGate(server.url, log)
  // However slow the machine is, all that resume are seen to.
  const around = { ...gate.around, numbers: { ...gate.around.numbers, resumeWatchMs: 120_000 } }
  const request = { id: newDeployId(), terms, asker: { name: 'deploy' }, replaces: '' }
  await underGate(around, request, during, () => succeeds)
  return log
}

/** Makes each row one that was last heard of more than ten minutes ago. */
async function age(): Promise<void> {
  for (const [id, text] of Object.entries(await redis.hgetall(keys.roster))) {
    const row = JSON.parse(text)
    await redis.hset(keys.roster, id, JSON.stringify({ ...row, until: row.seen - 600_001 }))
  }
}

it.each(['clock=1000', 'clock=300, worker=700'])(
  '%s: all are drained, resumed, drained and released',
  async (processes) => {
    const { asked, problems } = parseProcesses(processes)
    expect(problems).toEqual([])
    await boot(asked)
    expect(await connections()).toBe(EVERYBODY)

    const held = async () => {
      expect(await states()).toEqual({ drained: EVERYBODY })
      expect(await redis.hget(keys.intent, 'phase')).toBe('pushing')
      expect(await connections()).toBe(EVERYBODY + 1)
    }
    const aborted = await deploy(asked, false, held)
    await expect.poll(states, LIMIT).toEqual({ running: EVERYBODY })
    expect(await tally()).toEqual({
      free: EVERYBODY,
      states: { running: EVERYBODY },
      calls: { 'drain,resume': EVERYBODY },
      warnings: [],
    })

    const released = await deploy(asked, true, held)
    await expect.poll(async () => (await tally()).calls, LIMIT).toEqual({ 'drain,resume,drain': EVERYBODY })
    expect(await states()).toEqual({ drained: EVERYBODY })
    expect(await redis.hlen(keys.roster)).toBe(EVERYBODY)
    for (const { lines } of [aborted, released]) {
      expect(lines.filter((line) => line.startsWith('warning'))).toEqual([])
      expect(lines.filter((line) => /refuse|gone|not been heard/.test(line))).toEqual([])
    }

    const left = together(await Promise.all(crowds.map((crowd) => crowd.leave())))
    expect(left).toMatchObject({
      states: { exited: EVERYBODY },
      calls: { 'drain,resume,drain,leave': EVERYBODY },
      warnings: [],
    })
    expect(await states()).toEqual({ exited: EVERYBODY })
    await expect.poll(connections, LIMIT).toBe(0)

    await age()
    const nobody = asked.map(({ type }) => ({ type, atLeast: 1, demanded: false }))
    const missing = {
      asked: nobody,
      acknowledgeTimeoutMs: 0,
      onMissingClock: 'deploy',
      drainTimeoutMs: 0,
      onDrainTimeout: 'fail',
    } as const
    await using gate = await openGate(server.url, new Lines())
    const request = { id: newDeployId(), terms: missing, asker: { name: 'deploy' }, replaces: '' }
    await underGate(
      gate.around,
      request,
      async () => {},
      () => false,
    )
    expect(await redis.hlen(keys.roster)).toBe(0)
  },
)
