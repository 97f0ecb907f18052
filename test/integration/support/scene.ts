import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import type { Redis } from 'ioredis'
import { expect } from 'vitest'
import { releasesAnswer, slugAnswer } from '../../heroku/support/answers.ts'
import { API_KEY, createWorld, type World } from '../../heroku/support/world.ts'
import { type ClockMode, openClocks } from '../../support/clocks.ts'
import { type RedisServer, startRedis } from '../../support/redis/redis-server.ts'
import { type Annotation, leaks, type Step, type StepResult, startStep } from '../../support/runner/runner.ts'
import type { Program } from './program.ts'

const PASSWORD = 'pa55word-of-the-gate'
const NEW_BUILD = 'echo "-----> Node.js app detected"\nhold\necho "       Released v43"'

/** An app at Heroku with one commit deployed as v42 and another one to deploy, its Redis, and its clocks. */
export interface Scene extends AsyncDisposable {
  readonly world: World
  readonly redis: RedisServer
  /** what is to be deployed */
  readonly commit: string
  /** Boots a clock that schedules each second; resolves when it does. See `test/support/apps/clock`. */
  clock(release: string, mode?: ClockMode): Promise<Program>
  /** Boots a clock with a listener as people write it by hand; resolves when it schedules. See `test/support/apps/list-clock`. */
  listClock(language: 'node' | 'python'): Promise<Program>
  /** what the app has in its Redis */
  readonly inRedis: Redis
  /** Has the clock start a job, which runs until `endJob`. */
  startJob(clock: Program): Promise<void>
  endJob(): Promise<void>
  /** Replaces what Heroku's build does, a shell script; usually it waits until `world.git.release()`. */
  buildWith(script: string): void
  /** Heroku's answer to a push: the build waits until `world.git.release()`, then v43 is there with `status`. */
  builds(status?: 'succeeded' | 'failed'): void
  step(inputs?: Record<string, string>, over?: { workspace?: string; env?: Record<string, string> }): Step
  /** A shallow clone of the checkout, as actions/checkout makes one. */
  shallowClone(): string
  /** the head of Heroku's main */
  pushed(): string
  /** Fails if a secret stands anywhere that a person can see it. */
  assertSecret(result: StepResult): void
}

export async function openScene(): Promise<Scene> {
  const world = await createWorld()
  const redis = await startRedis({ password: PASSWORD, appendonly: true })
  const clocks = openClocks(world.folder, redis.url)
  const steps: Step[] = []
  let build = NEW_BUILD

  world.deployed(world.checkout.commit('one'))
  const commit = world.checkout.commit('two')
  world.api.script('/apps/shop/config-vars', { body: { REDIS_URL: redis.url } })

  return {
    world,
    redis,
    commit,
    clock: (release, mode = 'plain') => clocks.boot(release, { mode }),
    listClock: clocks.bootByHand,
    inRedis: clocks.redis,
    startJob: clocks.startJob,
    endJob: clocks.endJob,
    buildWith(script) {
      build = script
    },
    builds(status = 'succeeded') {
      const before = { version: 42, current: true }
      const after = [
        { version: 43, status, current: status === 'succeeded' },
        { version: 42, current: status === 'failed' },
      ]
      world.api.script('/apps/shop/releases', releasesAnswer(before), releasesAnswer(...after))
      world.api.script('/apps/shop/slugs/slug-43', slugAnswer(commit))
    },
    step(inputs = {}, { workspace = world.checkout.path, env = {} } = {}) {
      // Only now: what tests themselves push is built by nobody.
      world.git.hook('shop', 'pre-receive', build)
      const step = startStep({
        inputs: { 'heroku-app': 'shop', 'heroku-api-key': API_KEY, ...inputs },
        env: { ...world.env, HEROKU_API_URL: world.api.url, HEROKU_GIT_URL: world.git.url, ...env },
        workspace,
      })
      steps.push(step)
      return step
    },
    shallowClone() {
      const folder = join(world.folder, 'shallow')
      const from = `file://${world.checkout.path}`
      execFileSync('git', ['clone', '--quiet', '--depth=1', from, folder], { env: world.env })
      return folder
    },
    pushed: () => world.remote.git('rev-parse', 'refs/heads/main'),
    assertSecret({ raw, summary, outputs }) {
      const secrets = [API_KEY, Buffer.from(`heroku:${API_KEY}`).toString('base64'), PASSWORD, redis.url]
      for (const secret of secrets) {
        expect(leaks(raw, secret)).toEqual([])
        expect(summary + JSON.stringify(outputs)).not.toContain(secret)
        expect(world.checkout.git('config', '--list')).not.toContain(secret)
      }
    },
    async [Symbol.asyncDispose]() {
      const ended = clocks[Symbol.asyncDispose]()
      world.git.release()
      for (const step of steps) await step[Symbol.asyncDispose]()
      await ended
      await redis.stop()
      await world.end()
    },
  }
}

/** The messages of a step's annotations of one level, under each other. */
export function told({ annotations }: StepResult, level: Annotation['level']): string {
  return annotations.flatMap((one) => (one.level === level ? [one.message] : [])).join('\n')
}
