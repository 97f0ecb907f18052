/**
 * How long it takes from the request until the gate is open, with a clock that is idle, and until that clock works again after a push that
 * failed. Beside it, in the same run: a PING on the same link, and a clock that polls a list.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { startRedis } from '../../test/support/redis/redis-server.ts'
import { type Figure, mean, median, percentile, ratioOf } from '../figure.ts'
import type { Extent } from '../main.ts'
import { askPoller, POLL_EVERY_MS, startPoller } from './poller.ts'
import { openDrainScene, type Round } from './scene.ts'

export async function measureIdleDrain({ quick }: Extent): Promise<readonly Figure[]> {
  await using server = await startRedis({ appendonly: false })
  const { first, pings, rounds } = await drains(server.url, quick ? 3 : 1_000)
  const polls = await pollerAnswers(server.url, quick ? 1 : 20)
  const drainMs = rounds.map((round) => round.drainMs)
  const [p50, p99] = [median(drainMs), percentile(drainMs, 0.99)]
  const resume99 = percentile(
    rounds.map((round) => round.resumeMs),
    0.99,
  )
  return [
    ratioOf('drain of an idle clock, p50, by a PING', 'ms', { value: p50, baseline: median(pings) }, 6),
    ratioOf('its p99, by its p50', 'ms', { value: p99, baseline: p50 }, 3),
    ratioOf('p99 of the PINGs, by their p50', 'ms', {
      value: percentile(pings, 0.99),
      baseline: median(pings),
    }),
    ratioOf('the first one of a process, by its p50', 'ms', { value: first.drainMs, baseline: p50 }),
    ratioOf('its p50, by a clock that polls', 'ms', { value: p50, baseline: mean(polls) }, 0.00333),
    ratioOf('resume after a failed push, p99, by the drain', 'ms', { value: resume99, baseline: p50 }, 2),
  ]
}

/** Many of them, one after the other. The first is told apart: nothing has run before in a deploy either. */
async function drains(
  url: string,
  count: number,
): Promise<{ readonly first: Round; readonly pings: number[]; readonly rounds: Round[] }> {
  await using scene = await openDrainScene({ deployer: url, clock: url })
  const first = await scene.drain()
  // What runs often is compiled meanwhile.
  for (let round = 0; round < count / 5; round++) await scene.drain()
  const [pings, rounds]: [number[], Round[]] = [[], []]
  for (let round = 0; round < count; round++) {
    pings.push(await scene.ping())
    rounds.push(await scene.drain())
  }
  return { first, pings, rounds }
}

async function pollerAnswers(url: string, count: number): Promise<number[]> {
  const [clock, deploy] = [new Redis(url), new Redis(url)]
  const answers: number[] = []
  try {
    using _ = startPoller(clock, 'request', 'response')
    for (let poll = 0; poll < count; poll++) {
      answers.push(await askPoller(deploy, 'request', 'response'))
      // A deploy comes at any time between two looks.
      await sleep((POLL_EVERY_MS * ((poll * 7) % count)) / count)
    }
    return answers
  } finally {
    for (const connection of [clock, deploy]) connection.disconnect()
  }
}
