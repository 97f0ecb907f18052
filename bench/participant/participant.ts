/** What an idle participant costs its app and its Redis. Beside it: a bare client, and a clock that polls a list. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { startRedis } from '../../test/support/redis/redis-server.ts'
import { startPoller } from '../drain/poller.ts'
import { type Figure, plain } from '../figure.ts'
import type { Extent } from '../main.ts'

/** Four of an idle participant's beats. */
const WATCH_MS = 100_000

/** What a process said when it had settled. */
interface Settled {
  readonly heap: number
  readonly timers: number
}

export async function measureParticipant({ quick }: Extent): Promise<readonly Figure[]> {
  await using server = await startRedis({ appendonly: false })
  await using pollers = await startRedis({ appendonly: false })
  const [redis, pollersRedis] = [new Redis(server.url), new Redis(pollers.url)]
  const polling = new Redis(pollers.url)
  try {
    const bare = await settled('bare', server.url)
    await bare.end()
    const participant = await settled('participant', server.url)
    const connections = await connectionsBeside(redis)
    using _ = startPoller(polling, 'request', 'response')
    const watchMs = quick ? 500 : WATCH_MS
    for (const each of [redis, pollersRedis]) await each.config('RESETSTAT')
    await sleep(watchMs)
    const perSecond = async (of: Redis) => ((await commandsOf(of)) * 1_000) / watchMs
    const rates = { value: await perSecond(redis), baseline: await perSecond(pollersRedis) }
    await participant.end()
    return [
      // Nothing is divided by nothing where the run is too short for a poll.
      plain(
        'idle participant, commands a second, beside a poller',
        '/s',
        quick ? { value: rates.value } : rates,
        0.05,
      ),
      plain('its connections', 'connections', { value: connections }, 1),
      plain('its heap over a bare ioredis', 'MB', { value: (participant.heap - bare.heap) / 1e6 }, 3),
      plain('its timers that keep a process alive', 'timers', { value: participant.timers }, 0),
    ]
  } finally {
    for (const each of [redis, pollersRedis, polling]) each.disconnect()
  }
}

async function settled(kind: string, url: string): Promise<Settled & { end(): Promise<void> }> {
  const child = spawn(process.execPath, ['--expose-gc', join(import.meta.dirname, 'idle.ts'), kind], {
    env: { PATH: process.env.PATH ?? '', REDIS_URL: url },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  const [said] = await Promise.race([
    once(createInterface(child.stdout), 'line'),
    exited.then(() => {
      throw new Error(`the ${kind} process ended before it had settled`)
    }),
  ])
  return {
    ...(JSON.parse(String(said)) as Settled),
    async end() {
      child.stdin.end()
      await exited
    },
  }
}

/** How many others are connected. */
async function connectionsBeside(redis: Redis): Promise<number> {
  const list = String(await redis.client('LIST'))
  return list.split('\n').filter(Boolean).length - 1
}

/** Commands since the counts were reset, but for those of whoever asks. */
async function commandsOf(redis: Redis): Promise<number> {
  const stats = await redis.info('commandstats')
  const calls = [...stats.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)]
  // What a script runs is counted as well: a client has sent the script alone.
  const sent = calls.filter(([, name]) => /^(evalsha|eval|lpop|lpush|ping|subscribe|hello)$/.test(name ?? ''))
  return sent.reduce((sum, [, , count]) => sum + Number(count), 0)
}
