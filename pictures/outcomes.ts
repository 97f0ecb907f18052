/** How each outcome is brought about: real deploys by the built action at the local Heroku, with its real processes, git and Redis. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Outcome } from '../src/outcome.ts'
import { openShop, type Shop } from '../test/integration/support/shop.ts'
import { openSite } from '../test/integration/support/site.ts'
import type { StepResult } from '../test/support/runner/runner.ts'

export interface Deploy {
  readonly outcome: Outcome
  readonly run: () => Promise<StepResult>
}

/** The job and the build of a deploy that is to be seen take so long. */
const JOB_MS = 14_000
const BUILD_MS = 25_000

const procfile = (clock = 'node clock.js', web = 'sleep 1000') => ({
  Procfile: `clock: ${clock}\nweb: ${web}\n`,
})
const GOOD = { files: procfile(), formation: { web: 1 } }
const BACK = { 'rollback-on-failure': 'true', 'wait-for-clock': '30s' }
/** Nobody listens at this address. */
const UNWELL = {
  'health-check-url': 'http://127.0.0.1:9/',
  'health-check-timeout': '3s',
  'health-check-interval': '1s',
}

type Inputs = Readonly<Record<string, string>>

interface Circumstances {
  /** of what runs, and of what is deployed */
  readonly old?: Readonly<Record<string, string>>
  readonly files?: Readonly<Record<string, string>>
  prepare?(shop: Shop): Promise<unknown>
}

/** A deploy of a change to the shop. */
const deployed =
  (inputs: Inputs, { old = procfile(), files = procfile(), prepare }: Circumstances = {}) =>
  async () => {
    await using shop = await openShop({ ...GOOD, files: old })
    await prepare?.(shop)
    await using step = shop.step(inputs, files)
    return await step.done
  }

/** The same without a change. */
const unchanged =
  (inputs: Inputs, { prepare }: Pick<Circumstances, 'prepare'> = {}) =>
  async () => {
    await using shop = await openShop(GOOD)
    await prepare?.(shop)
    await using step = shop.again(inputs)
    return await step.done
  }

const WITH_JOB: Circumstances = { prepare: (shop) => shop.startJob() }
/** A clock that has never heard of the gate. */
const OUTSIDER = procfile('env CLOCK_MODE=no-gate node clock.js')
const CRASHING = procfile('node clock.js', 'false')

/** A deploy during a job and with a build that both take a while, so that the chart has something to show. */
const unhurried = (build: { fail?: string }) => async () => {
  await using site = await openSite([200, 'well'])
  await using shop = await openShop(GOOD)
  await shop.startJob()
  shop.app.nextBuild({ hold: true, ...build })
  await using step = shop.step({ 'health-check-url': site.url })
  await step.waitForLine(/^clock\.1 accepted: 1 job running/)
  await sleep(JOB_MS)
  await shop.endJob()
  await shop.heroku.log.waitFor(({ kind }) => kind === 'push-received', { timeoutMs: 60_000 })
  await sleep(BUILD_MS)
  shop.app.releaseBuild()
  return await step.done
}

export const DEPLOYS: Readonly<Record<string, Deploy>> = {
  deployed: {
    outcome: 'deployed',
    run: unhurried({}),
  },
  warned: {
    outcome: 'deployed',
    run: deployed(
      { 'drain-timeout': '6s', 'acknowledge-timeout': '6s', 'on-drain-timeout': 'deploy' },
      WITH_JOB,
    ),
  },
  'up-to-date': { outcome: 'up-to-date', run: unchanged({}) },
  'dry-run': { outcome: 'dry-run', run: deployed({ 'dry-run': 'true' }) },
  'preflight-failed': {
    outcome: 'preflight-failed',
    run: deployed({ 'heroku-api-key': 'HRKU-that-was-revoked' }),
  },
  'nothing-to-deploy': { outcome: 'nothing-to-deploy', run: unchanged({ 'up-to-date': 'fail' }) },
  busy: {
    outcome: 'busy',
    run: async () => {
      await using shop = await openShop(GOOD)
      await shop.startJob()
      await using first = shop.step({})
      await first.waitForLine(/^clock\.1 accepted/)
      await using second = shop.step({})
      const result = await second.done
      await shop.endJob()
      await first.done
      return result
    },
  },
  'missing-clock': {
    outcome: 'missing-clock',
    run: deployed({ 'acknowledge-timeout': '6s' }, { old: OUTSIDER }),
  },
  'not-acknowledged': {
    outcome: 'not-acknowledged',
    run: deployed(
      { 'acknowledge-timeout': '6s' },
      {
        // Joined, and then stuck: its end comes with the local Heroku's.
        prepare: async (shop) => void shop.app.dynos.kill('clock.1', 'SIGSTOP'),
      },
    ),
  },
  refused: {
    outcome: 'refused',
    run: deployed({}, { old: procfile('env CLOCK_MODE=refuse node clock.js') }),
  },
  'drain-timeout': {
    outcome: 'drain-timeout',
    run: deployed({ 'drain-timeout': '12s', 'acknowledge-timeout': '6s' }, WITH_JOB),
  },
  'lease-lost': {
    outcome: 'lease-lost',
    run: async () => {
      await using shop = await openShop(GOOD)
      await shop.startJob()
      await using step = shop.step({})
      await step.waitForLine(/^clock\.1 accepted/)
      await shop.redis.restart({ keepData: false })
      return await step.done
    },
  },
  'push-failed': {
    outcome: 'push-failed',
    run: async () => {
      await using shop = await openShop(GOOD)
      const token = shop.heroku.createToken(['read-protected'])
      await using step = shop.step({ 'heroku-api-key': token })
      return await step.done
    },
  },
  'build-failed': {
    outcome: 'build-failed',
    run: unhurried({ fail: 'failed to compile Node.js app.' }),
  },
  'promotion-failed': {
    outcome: 'promotion-failed',
    run: unchanged(
      { strategy: 'promote', 'promote-from': 'shop-staging' },
      {
        async prepare(shop) {
          await shop.staging()
          const body = { id: 'invalid_params', message: 'The stacks differ.' }
          shop.app.nextApi({ path: '/pipeline-promotions', method: 'POST', status: 422, body })
        },
      },
    ),
  },
  'command-failed': {
    outcome: 'command-failed',
    run: unchanged({
      strategy: 'command',
      command: JSON.stringify(['sh', '-c', 'echo the plan has changed >&2; exit 3']),
    }),
  },
  'release-failed': {
    outcome: 'release-failed',
    run: deployed({}, { prepare: async (shop) => shop.app.nextReleasePhase({ fail: true }) }),
  },
  'dynos-not-up': { outcome: 'dynos-not-up', run: deployed({}, { files: CRASHING }) },
  'rolled-back': { outcome: 'dynos-not-up', run: deployed(BACK, { files: CRASHING }) },
  'clock-not-seen': {
    outcome: 'clock-not-seen',
    run: deployed({ 'wait-for-clock': '8s' }, { files: OUTSIDER }),
  },
  'health-check-failed': { outcome: 'health-check-failed', run: deployed(UNWELL) },
  'deploy-timeout': {
    outcome: 'deploy-timeout',
    run: deployed(
      { 'acknowledge-timeout': '8s', 'drain-timeout': '8s', 'deploy-timeout': '12s' },
      { prepare: async (shop) => shop.app.nextBuild({ hold: true }) },
    ),
  },
  cancelled: {
    outcome: 'cancelled',
    run: async () => {
      await using shop = await openShop(GOOD)
      await shop.startJob()
      await using step = shop.step({})
      await step.waitForLine(/^clock\.1 accepted/)
      await sleep(3_000)
      await step.cancel()
      return await step.done
    },
  },
  failed: {
    outcome: 'failed',
    run: async () => {
      await using shop = await openShop(GOOD)
      shop.app.nextBuild({ hold: true })
      await using step = shop.step({})
      await shop.heroku.log.waitFor(({ kind }) => kind === 'push-received', { timeoutMs: 60_000 })
      // The token is revoked while the release is followed.
      shop.app.nextApi({ path: '/apps/shop/releases', status: 401, times: 100 })
      shop.app.releaseBuild()
      return await step.done
    },
  },
}
