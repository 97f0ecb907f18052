import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Program, startProgram } from '../../integration/support/program.ts'
import { Deployer } from '../../participant/support/deployer.ts'
import { type Clocks, openClocks } from '../../support/clocks.ts'
import type { RedisOptions } from '../../support/redis/redis-config.ts'
import { type RedisServer, startRedis } from '../../support/redis/redis-server.ts'

/** The built command: `npm run build` makes it. */
export const CLI = join(import.meta.dirname, '../../../lib/cli.js')

/** A Redis, real clocks at it, and the real command beside them. */
export interface Scene extends AsyncDisposable {
  readonly redis: RedisServer
  readonly clocks: Clocks
  /** reads what is there, and does by hand what somebody else would do */
  readonly other: Deployer
  /** where commands run */
  readonly folder: string
  /** Starts `deploy-gate` with `REDIS_URL` and nothing else in its environment, but `env`. */
  start(
    args: readonly string[],
    options?: { env?: Record<string, string>; input?: string; keepsInput?: boolean },
  ): Program
  /** Runs `deploy-gate` to its end. */
  run(...args: string[]): Promise<Finished>
}

/** How a program ended and what it printed. */
export interface Finished {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export async function openScene(options: RedisOptions = {}): Promise<Scene> {
  const folder = mkdtempSync(join(tmpdir(), 'gate-cli-'))
  const redis = await startRedis(options)
  const clocks = openClocks(folder, redis.url)
  const other = new Deployer(redis.url)
  const programs: Program[] = []
  const start: Scene['start'] = (args, { env = {}, ...input } = {}) => {
    const around = { PATH: process.env.PATH ?? '', REDIS_URL: redis.url, ...env }
    const program = startProgram(CLI, folder, around, { args, ...input })
    programs.push(program)
    return program
  }
  return {
    redis,
    clocks,
    other,
    folder,
    start,
    run: (...args) => finished(start(args)),
    async [Symbol.asyncDispose]() {
      for (const program of programs) program.kill('SIGKILL')
      await clocks[Symbol.asyncDispose]()
      await Promise.all(programs.map(({ ended }) => ended))
      other.redis.disconnect()
      await redis.stop()
      rmSync(folder, { recursive: true })
    },
  }
}

/** Waits for a program's end. */
export async function finished(program: Program): Promise<Finished> {
  const { code } = await program.ended
  return { code, stdout: program.stdout, stderr: program.stderr }
}
