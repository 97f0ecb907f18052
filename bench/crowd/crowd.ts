/** From the request until all of a crowd are drained, and what that costs their Redis: 1, 10, 100 and 1,000 participants. */
import { Redis } from 'ioredis'
import { acquireGate, newDeployId } from '../../src/gate/gate.ts'
import type { DrainTerms } from '../../src/gate/terms.ts'
import { bootCrowd } from '../../test/load/support/crowd.ts'
import { openGate } from '../../test/load/support/deployer.ts'
import { startRedis } from '../../test/support/redis/redis-server.ts'
import { type Figure, median, plain } from '../figure.ts'
import type { Extent } from '../main.ts'

const ROUNDS = 5

/** What a crowd's drains came to. */
interface CrowdDrain {
  readonly ms: number
  /** the server's CPU for one drain, resume included, ms */
  readonly cpuMs: number
  /** the server's memory for the participants, connections included, kB */
  readonly memoryKb: number
}

export async function measureCrowd({ quick }: Extent): Promise<readonly Figure[]> {
  const figures: Figure[] = []
  for (const count of quick ? [1, 4] : [1, 10, 100, 1_000]) {
    const { ms, cpuMs, memoryKb } = await drainCrowd(count, quick ? 1 : ROUNDS)
    const many = `${count.toLocaleString('en')} participant${count === 1 ? '' : 's'}`
    figures.push(
      plain(`${many}: request to all drained`, 'ms', { value: ms }, 1_000),
      plain(`${many}: CPU of Redis for each, drain and resume`, 'ms', { value: cpuMs / count }),
      plain(`${many}: memory of Redis for each`, 'kB', { value: memoryKb / count }),
    )
  }
  return figures
}

async function drainCrowd(count: number, rounds: number): Promise<CrowdDrain> {
  await using server = await startRedis({ appendonly: false, config: ['tcp-backlog 4096'] })
  const redis = new Redis(server.url)
  const before = await usage(redis)
  // Two processes: one for each core there is, at the most.
  const sizes = count === 1 ? [1] : [Math.ceil(count / 2), Math.floor(count / 2)]
  const crowds = sizes.map((size, at) =>
    bootCrowd(server.url, { first: 1 + at * Math.ceil(count / 2), count: size }),
  )
  try {
    await allFree(crowds, count)
    const memoryKb = (await usage(redis)).memoryKb - before.memoryKb
    const log = { info() {}, warning: console.error }
    await using gate = await openGate(server.url, log)
    const [times, cpus]: [number[], number[]] = [[], []]
    for (let round = 0; round < rounds; round++) {
      const from = await usage(redis)
      const hold = await acquireGate(gate.around, newDeployId(), termsFor(count), { name: 'bench' }, '')
      await hold.drained()
      times.push(hold.elapsedMs)
      await hold[Symbol.asyncDispose]()
      await allFree(crowds, count)
      cpus.push((await usage(redis)).cpuMs - from.cpuMs)
    }
    return { ms: median(times), cpuMs: median(cpus), memoryKb }
  } finally {
    await Promise.all(crowds.map((crowd) => crowd.leave()))
    redis.disconnect()
  }
}

function termsFor(count: number): DrainTerms {
  return {
    asked: [{ type: 'clock', atLeast: count, demanded: true }],
    acknowledgeTimeoutMs: 60_000,
    drainTimeoutMs: 60_000,
    onDrainTimeout: 'fail',
    onMissingClock: 'fail',
  }
}

async function allFree(crowds: readonly ReturnType<typeof bootCrowd>[], count: number): Promise<void> {
  for (;;) {
    const tallies = await Promise.all(crowds.map((crowd) => crowd.tally()))
    if (tallies.reduce((sum, { states }) => sum + (states.running ?? 0), 0) === count) return
  }
}

async function usage(redis: Redis): Promise<{ readonly cpuMs: number; readonly memoryKb: number }> {
  const text = `${await redis.info('cpu')}${await redis.info('memory')}`
  const field = (name: string) => Number(new RegExp(`^${name}:([\\d.]+)`, 'm').exec(text)?.[1])
  return {
    cpuMs: 1_000 * (field('used_cpu_user') + field('used_cpu_sys')),
    memoryKb: field('used_memory') / 1_000,
  }
}
