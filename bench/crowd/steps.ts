/**
 * What a crowd costs its Redis: `node --import ./test/support/lua-text.mjs bench/crowd/steps.ts [participants] [seconds after the release]`.
 * Boots them, drains and resumes them, drains and releases them, and lets as many of the next release boot. Prints for each step how
 * often the server ran scripts, how long they took it, and the longest one.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { openGateServer } from '../../src/deploy/server.ts'
import { underGate } from '../../src/deploy/under-gate.ts'
import { newDeployId } from '../../src/gate/gate.ts'
import { systemTime } from '../../src/time.ts'
import { bootCrowd, type Crowd, together } from '../../test/load/support/crowd.ts'
import { startRedis } from '../../test/support/redis/redis-server.ts'

const count = Number(process.argv[2] ?? 1_000)
const quietSeconds = Number(process.argv[3] ?? 25)
const server = await startRedis({
  config: ['slowlog-log-slower-than 0', 'slowlog-max-len 100000', 'tcp-backlog 4096'],
})
const redis = new Redis(server.url)
const lines = { info: 0, warning: 0 }
const log = {
  info: () => void lines.info++,
  warning: (line: string) => {
    lines.warning++
    console.log(`  warning: ${line.slice(0, 150)}`)
  },
}
const old = [0, 1].map((part) => half(part, 'v42'))
await step(`boot ${count}`, () => settled(old, ({ free }) => free === count))
await step('idle for 5 s', () => delay(5_000))
await step('drain, commit, withdraw', () => deploy(false))
await step('drain, commit, release', () => deploy(true))
await step(`${quietSeconds} s after the release, nobody new`, () => delay(quietSeconds * 1_000))
const next = [0, 1].map((part) => half(part, 'v43'))
await step(`boot ${count} of the next release beside them`, () => settled(next, ({ free }) => free === count))
await step('15 s beside them', () => delay(15_000))
await step('the old ones leave', () => Promise.all(old.map((crowd) => crowd.leave())))
await Promise.all(next.map((crowd) => crowd.leave()))
redis.disconnect()
await server.stop()

function half(part: number, release: string): Crowd {
  const size = count / 2
  return bootCrowd(server.url, {
    first: 1 + part * size,
    count: size,
    env: { HEROKU_RELEASE_VERSION: release },
  })
}

async function settled(
  crowds: readonly Crowd[],
  done: (tally: ReturnType<typeof together>) => boolean,
): Promise<void> {
  while (!done(together(await Promise.all(crowds.map((crowd) => crowd.tally()))))) await delay(100)
}

async function deploy(succeeds: boolean): Promise<void> {
  const { hostname, port } = new URL(server.url)
  const origin = {
    name: 'bench',
    pin: '',
    wrongUrl: '',
    staleLogin: '',
    unsignedCertificate: '',
    unreachable: '',
  }
  await using gate = await openGateServer(
    { address: { host: hostname, port: Number(port), tls: false, db: 0 }, trust: { verify: false }, origin },
    'default',
    { log, time: systemTime, signal: new AbortController().signal },
  )
  await underGate(
    gate.around,
    {
      id: newDeployId(),
      terms: {
        asked: [{ type: 'clock', atLeast: count, demanded: true }],
        acknowledgeTimeoutMs: 60_000,
        drainTimeoutMs: 60_000,
        onDrainTimeout: 'fail',
        onMissingClock: 'fail',
      },
      asker: { name: 'bench' },
      replaces: 'v42',
    },
    async () => {},
    () => succeeds,
  )
}

async function step(name: string, work: () => Promise<unknown>): Promise<void> {
  await redis.config('RESETSTAT')
  await redis.slowlog('RESET')
  const cpu = process.cpuUsage()
  const from = performance.now()
  Object.assign(lines, { info: 0, warning: 0 })
  await work()
  const seconds = ((performance.now() - from) / 1_000).toFixed(1)
  const { user, system } = process.cpuUsage(cpu)
  const stats = await redis.info('commandstats')
  const runs = [...stats.matchAll(/cmdstat_eval(?:sha)?:calls=(\d+),usec=(\d+)/g)].map(([, ...each]) =>
    each.map(Number),
  )
  const [calls, usec] = [0, 1].map((at) => runs.reduce((sum, each) => sum + (each[at] ?? 0), 0)) as [
    number,
    number,
  ]
  const slow = (await redis.slowlog('GET', 100_000)) as [number, number, number, string[]][]
  const longest = Math.max(
    0,
    ...slow.filter(([, , , [command]]) => /^eval/i.test(command ?? '')).map(([, , us]) => us),
  )
  console.log(
    `${name}: ${seconds} s; ${calls} scripts, ${(usec / 1_000).toFixed(0)} ms in all, mean ${(usec / 1_000 / Math.max(1, calls)).toFixed(2)} ms, longest ${(longest / 1_000).toFixed(1)} ms; deployer ${((user + system) / 1_000).toFixed(0)} ms of CPU, ${lines.info} lines, ${lines.warning} warnings`,
  )
}
