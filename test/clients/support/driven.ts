import { afterEach, beforeEach } from 'vitest'
import { Deployer } from '../../participant/support/deployer.ts'
import { type RedisServer, startRedis } from '../../support/redis/redis-server.ts'
import type { Program } from './program.ts'
import { startPython } from './python.ts'

/** A participant in Python whose handlers do what a test says: `tell` it `drains[0].end()`, for its first drain. */
export interface DrivenApp extends Program {
  /** how often it has printed exactly this line */
  said(line: string): number
  /** Asks it to drain, for the n-th time, and lets it. Resolves with the deploy's owner when it is drained. */
  drained(n: number): ReturnType<Deployer['acquire']>
  /** connections that the server has, beside the deployer's own */
  connections(): Promise<number>
}

/**
 * Starts one that beats five times a second. Resolves when it takes part: a drain that it boots into is none of its handler's.
 * @param before statements before the joining
 * @param options arguments of `join`, in Python
 */
export async function startDriven(
  url: string,
  deployer: Deployer,
  { before = '', options = '' } = {},
): Promise<DrivenApp> {
  const app = startPython(
    `
import threading, deploy_gate, driven
from driven import drains, say
deploy_gate._IDLE_BEAT = deploy_gate._DRAINING_BEAT = deploy_gate._HELD_BEAT = 200
${before}
participation = deploy_gate.join(driven.drain, driven.resume, dyno="clock.1", ${options})
driven.obey(globals())
`,
    { REDIS_URL: url },
  )
  await deployer.sees({ state: 'running' })
  return {
    ...app,
    said: (line) => app.printed.filter((printed) => printed === line).length,
    async drained(n) {
      const owner = await deployer.acquire()
      await app.says(/^drain \d+$/, n)
      app.tell(`drains[${n - 1}].end()`)
      await deployer.sees({ state: 'drained', epoch: owner.epoch })
      return owner
    },
    async connections() {
      const clients = String(await deployer.redis.client('LIST'))
        .trim()
        .split('\n')
      return clients.filter((client) => !client.includes('name=deployer')).length
    },
  }
}

/** A Redis of each test's own, and a deployer there. */
export function openScene() {
  let redis: RedisServer
  let deployer: Deployer
  beforeEach(async () => {
    redis = await startRedis()
    deployer = new Deployer(redis.url)
  })
  afterEach(async () => {
    deployer.redis.disconnect()
    await redis.stop()
  })
  return {
    get deployer() {
      return deployer
    },
    start: (how?: { before?: string; options?: string }) => startDriven(redis.url, deployer, how),
  }
}
