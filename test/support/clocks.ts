import { cpSync, mkdirSync, mkdtempSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { type Program, startProgram } from '../integration/support/program.ts'

const root = join(import.meta.dirname, '../..')

/** How a clock behaves: see `test/support/apps/clock`. */
export type ClockMode = 'plain' | 'refuse' | 'stubborn' | 'no-gate'

/** Real clocks of one app at one Redis, each a process that schedules each second. */
export interface Clocks extends AsyncDisposable {
  /** Boots a clock of `release`; resolves when it schedules, or at once if it will be `held`. */
  boot(
    release: string,
    options?: { mode?: ClockMode; dyno?: string; held?: boolean; env?: Record<string, string> },
  ): Promise<Program>
  /** Boots a clock with a listener as people write it by hand; resolves when it schedules. See `test/support/apps/list-clock`. */
  bootByHand(language: 'node' | 'python'): Promise<Program>
  /** what the app has in its Redis */
  readonly redis: Redis
  /** Has a clock that schedules start a job, which runs until `endJob`. */
  startJob(clock: Program): Promise<void>
  endJob(): Promise<void>
}

/** @param parent a folder of the test's own */
export function openClocks(parent: string, redisUrl: string): Clocks {
  const app = join(mkdtempSync(join(parent, 'app-')), 'clock')
  cpSync(join(root, 'test/support/apps/clock'), app, { recursive: true })
  mkdirSync(join(app, 'node_modules'))
  for (const name of ['croner', 'ioredis']) {
    symlinkSync(join(root, 'node_modules', name), join(app, 'node_modules', name))
  }
  symlinkSync(root, join(app, 'node_modules/heroku-deploy-gate'))
  const jobs = new Redis(redisUrl)
  jobs.on('error', () => {})
  const programs: Program[] = []
  return {
    async boot(release, { mode = 'plain', dyno = 'clock.1', held = false, env = {} } = {}) {
      const clock = startProgram(join(app, 'clock.js'), app, {
        PATH: process.env.PATH ?? '',
        REDIS_URL: redisUrl,
        DYNO: dyno,
        CLOCK_MODE: mode,
        HEROKU_APP_NAME: 'shop',
        HEROKU_RELEASE_VERSION: release,
        ...env,
      })
      programs.push(clock)
      if (!held) await clock.saw(/^tick/)
      return clock
    },
    async bootByHand(language) {
      const folder = join(root, 'test/support/apps/list-clock')
      const env = { PATH: process.env.PATH ?? '', REDIS_URL: redisUrl, PYTHONDONTWRITEBYTECODE: '1' }
      const clock =
        language === 'node'
          ? startProgram(join(folder, 'clock.js'), folder, env)
          : startProgram(join(folder, 'clock.py'), folder, env, { interpreter: '/usr/bin/python3' })
      programs.push(clock)
      await clock.saw(/^tick/)
      return clock
    },
    redis: jobs,
    async startJob(clock) {
      const started = clock.next(/^job \d+ started/)
      await jobs.lpush('jobs:start', '1')
      await started
    },
    async endJob() {
      await jobs.lpush('jobs:end', '1')
    },
    async [Symbol.asyncDispose]() {
      for (const program of programs) program.kill('SIGKILL')
      await Promise.all(programs.map(({ ended }) => ended))
      jobs.disconnect()
    },
  }
}
