import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest'
import { container, marked } from '../../../src/process/container.ts'
import { type Program, startProgram } from '../../integration/support/program.ts'
import { Deployer } from '../../participant/support/deployer.ts'
import { LIMIT } from '../../participant/support/lines.ts'
import { type RedisServer, startRedis } from '../../support/redis/redis-server.ts'

/** The built command. */
export const CLI = join(import.meta.dirname, '../../../lib/cli.js')
/** See support/program.mjs. */
export const PROGRAM: readonly string[] = [process.execPath, join(import.meta.dirname, 'program.mjs')]

/** A gate on a Redis of the test file's own, and `deploy-gate run` behind it. */
export interface Gate {
  readonly redis: RedisServer
  readonly deployer: Deployer
  /** what a dyno has in its environment; a mark of the test's own in it finds all processes */
  env(more?: Record<string, string>): Record<string, string>
  /** `deploy-gate run [options] -- program` as clock.1 */
  run(program: readonly string[], options?: readonly string[], env?: Record<string, string>): Program
  /** ids of all living processes that the test has started, the supervisor included */
  processes(): number[]
}

/** For one test file: call it at the top. Whatever a test leaves running is ended after it. */
export function useGate(): Gate {
  let redis: RedisServer
  let deployer: Deployer
  let mark = ''
  beforeAll(async () => {
    redis = await startRedis()
    deployer = new Deployer(redis.url)
  })
  afterAll(async () => {
    deployer.redis.disconnect()
    await redis.stop()
  })
  beforeEach(async () => {
    mark = `SUPERVISED=${randomUUID()}`
    await deployer.redis.flushall()
  })
  afterEach(() => container(mark).sweep())

  const env = (more: Record<string, string> = {}) => ({
    PATH: process.env.PATH ?? '',
    REDIS_URL: redis.url,
    DYNO: 'clock.1',
    ...Object.fromEntries([mark.split('=') as [string, string]]),
    ...more,
  })
  return {
    get redis() {
      return redis
    },
    get deployer() {
      return deployer
    },
    env,
    run: (program, options = [], more = {}) =>
      startProgram(CLI, import.meta.dirname, env(more), { args: ['run', ...options, '--', ...program] }),
    processes: () => marked(mark),
  }
}

/** What the program itself has said, without its process id. */
export const said = ({ lines }: Program) =>
  lines.filter((line) => !line.startsWith('[deploy-gate]')).map((line) => line.replace(/^up \d+/, 'up'))

/** What the supervisor has said. */
export const logged = ({ lines }: Program) =>
  lines.filter((line) => line.startsWith('[deploy-gate]')).map((line) => line.replace('[deploy-gate] ', ''))

/** Resolves when the program has said this, in this order, and nothing else. */
export const told = (app: Program, ...lines: string[]) => expect.poll(() => said(app), LIMIT).toEqual(lines)
