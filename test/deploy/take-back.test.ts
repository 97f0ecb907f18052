import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { takeBack } from '../../src/deploy/take-back.ts'
import { newDeployId } from '../../src/gate/gate.ts'
import { DeployError } from '../../src/outcome.ts'
import { openScene, type Scene } from '../gate/support/scene.ts'
import { App } from '../participant/support/app.ts'
import { type ScriptedDeploy, scriptedDeploy } from './support/scripted-deploy.ts'

vi.setConfig({ testTimeout: 60_000 })

const CRASH = new DeployError(
  'dynos-not-up',
  'v43 is released, but clock.1 crashes.',
  'Its own log tells why.',
)
const ON = { rollbackOnFailure: true, waitForClockMs: 0 }
const UNDRAINED = { ...ON, skipDrain: true }
const CANCELLED = new DeployError('cancelled', 'The job was cancelled.', 'Run it again.')

function takingBack(deploy: ScriptedDeploy, failure: unknown = CRASH): Promise<unknown> {
  const { plan, around, story, cancel, target } = deploy
  story.release = 'v43'
  story.stage = 'released'
  return takeBack(plan, around, story, cancel.signal, target, failure)
}

describe('a release that does not work', () => {
  it.each(['dynos-not-up', 'clock-not-seen', 'health-check-failed'] as const)(
    'is taken back after %s, and the failure says so',
    async (outcome) => {
      const deploy = scriptedDeploy({ plan: UNDRAINED })
      const failure = new DeployError(outcome, 'It does not work.', 'See why.')
      const told = await takingBack(deploy, failure)
      expect(told).toMatchObject({ outcome, cause: failure })
      expect(told).toMatchObject({
        message: 'It does not work. It was taken back: shop runs what v42 was, as v44.',
        next: 'Mend it, and deploy again. See why.',
      })
      expect(deploy.calls).toEqual(['rollBack', 'dynosUp v44'])
      expect(deploy.groups).toEqual(['Rollback to v42'])
      const report = deploy.story.failed(told)
      expect(report).toMatchObject({ outcome, release: 'v43', rollback: 'v44' })
      expect(report.spans).toEqual([
        expect.objectContaining({ name: 'rollback', section: 'heroku', failed: false }),
      ])
      expect(report.warnings).toEqual(['It does not work. Going back to v42'])
    },
  )

  it('is taken back also when the dynos of what was gone back to are not up, which is a warning', async () => {
    const dynosUp = () => Promise.reject(new DeployError('dynos-not-up', 'web.1 crashes.', 'Look.'))
    const deploy = scriptedDeploy({ plan: UNDRAINED, heroku: { dynosUp } })
    expect(await takingBack(deploy)).toMatchObject({ message: expect.stringMatching(/It was taken back/) })
    expect(deploy.log.matching(/^warning: web\.1 crashes\.$/)).toHaveLength(1)
  })

  it('is taken back without a look at the dynos where nobody is to wait for them', async () => {
    const deploy = scriptedDeploy({ plan: { ...UNDRAINED, waitForDynosMs: 0 } })
    await takingBack(deploy)
    expect(deploy.calls).toEqual(['rollBack'])
  })

  it('stays where nobody asked for a rollback, and how to go back is said', async () => {
    const deploy = scriptedDeploy({ plan: { ...UNDRAINED, rollbackOnFailure: false } })
    expect(await takingBack(deploy)).toMatchObject({
      outcome: 'dynos-not-up',
      message: CRASH.message,
      next: 'Its own log tells why. `heroku rollback v42 --app shop` goes back to what ran before; rollback-on-failure: true does so by itself.',
    })
    expect(deploy.calls).toEqual([])
  })

  it.each([true, false])(
    'stays when it is the first one (rollback-on-failure: %s)',
    async (rollbackOnFailure) => {
      const { target, ...deploy } = scriptedDeploy({ plan: { ...UNDRAINED, rollbackOnFailure } })
      const { currentRelease: _, ...first } = target
      const told = (await takingBack({ ...deploy, target: first })) as DeployError
      expect(told.message).toBe(
        `${CRASH.message}${rollbackOnFailure ? ' Nothing ran before, so there is nothing to go back to.' : ''}`,
      )
      expect(told.next).toBe(CRASH.next)
      expect(deploy.calls).toEqual([])
    },
  )

  it('is taken back once: a rollback that fails as well is told, with what to do', async () => {
    const deploy = scriptedDeploy({
      plan: UNDRAINED,
      target: {
        async rollBack() {
          deploy.calls.push('rollBack')
          throw new DeployError('release-failed', 'Its release v44 failed.', 'See what it printed.')
        },
      },
    })
    const told = await takingBack(deploy)
    expect(told).toMatchObject({
      outcome: 'dynos-not-up',
      message: `${CRASH.message} Going back to v42 failed as well: Its release v44 failed.`,
      next: 'Go back by hand: `heroku rollback v42 --app shop`. See what it printed. Its own log tells why.',
    })
    expect(deploy.calls).toEqual(['rollBack'])
    const report = deploy.story.failed(told)
    expect(report).not.toHaveProperty('rollback')
    expect(report.spans).toEqual([expect.objectContaining({ name: 'rollback', failed: true })])
  })

  it('is left to a deploy that is at work, or was: it is not gone back then', async () => {
    const busy = new DeployError('busy', 'Somebody else has released v44 since.', 'Look at it.')
    const deploy = scriptedDeploy({ plan: UNDRAINED, target: { rollBack: () => Promise.reject(busy) } })
    expect(await takingBack(deploy)).toMatchObject({
      outcome: 'dynos-not-up',
      message: `${CRASH.message} It was not taken back: Somebody else has released v44 since.`,
      next: 'Look at it. Its own log tells why.',
    })
  })

  it('is told also when going back meets a fault of this program', async () => {
    const deploy = scriptedDeploy({
      plan: UNDRAINED,
      target: { rollBack: () => Promise.reject(new TypeError('x is not a function')) },
    })
    expect(await takingBack(deploy)).toMatchObject({
      outcome: 'dynos-not-up',
      message: expect.stringMatching(/Going back to v42 failed as well: x is not a function$/),
    })
  })
})

describe('what is no reason to go back', () => {
  it.each([
    new DeployError('failed', "Whether its dynos are up can't be found out.", 'Look.'),
    new DeployError('release-failed', 'Its release failed.', 'Look.'),
    new TypeError('x is not a function'),
  ])('is %s', async (failure) => {
    const deploy = scriptedDeploy({ plan: UNDRAINED })
    expect(await takingBack(deploy, failure)).toBe(failure)
    expect(deploy.calls).toEqual([])
  })

  it('is anything once the deploy is cancelled', async () => {
    const deploy = scriptedDeploy({ plan: UNDRAINED })
    deploy.cancel.abort(CANCELLED)
    expect(await takingBack(deploy)).toBe(CRASH)
    expect(deploy.calls).toEqual([])
  })
})

it('ends with the reason when the deploy is cancelled meanwhile, which then says what it leaves behind', async () => {
  const deploy = scriptedDeploy({
    plan: UNDRAINED,
    target: {
      rollBack(signal) {
        deploy.cancel.abort(CANCELLED)
        return Promise.reject(signal.reason)
      },
    },
  })
  expect(await takingBack(deploy)).toBe(CANCELLED)
  expect(deploy.story.failed(CANCELLED)).toMatchObject({
    outcome: 'cancelled',
    message:
      'The job was cancelled. v43 is released and does not work. Going back to v42 was ended here: `heroku releases --app shop` tells how far it came, and `heroku rollback v42 --app shop` goes back by hand.',
    warnings: [`${CRASH.message} Going back to v42`],
  })
})

it('asks nobody where the release phase drains: that of the rollback does, and would find the gate busy', async () => {
  const deploy = scriptedDeploy({ plan: { ...ON, drainAt: 'release-phase' } })
  expect(await takingBack(deploy)).toMatchObject({ message: expect.stringMatching(/It was taken back/) })
  expect(deploy.groups).toEqual(['Rollback to v42'])
})

it('asks nobody of a type that was scaled to 0 before', async () => {
  const deploy = scriptedDeploy({ plan: ON, target: { formation: [{ type: 'clock', quantity: 0 }] } })
  expect(await takingBack(deploy)).toMatchObject({ message: expect.stringMatching(/It was taken back/) })
  expect(deploy.groups).toEqual(['Rollback to v42'])
  expect(deploy.log.matching(/drains first/)).toEqual([])
})

describe('the clock of a release that does not work', () => {
  let scene: Scene
  beforeEach(async () => {
    scene = await openScene()
  })
  afterEach(() => scene[Symbol.asyncDispose]())

  const deploying = (over: Parameters<typeof scriptedDeploy>[0] = {}) =>
    scriptedDeploy({ redisUrl: scene.server.url, ...over, plan: { ...ON, ...over.plan } })
  const phase = () => scene.other.redis.hget(scene.other.keys.intent, 'phase')

  it('is drained before the rollback, and stays so for its SIGTERM', async () => {
    const app = await scene.clock(new App({}))
    const during: unknown[] = []
    const deploy = deploying({
      target: {
        async rollBack() {
          during.push(await phase(), (await scene.other.row())?.state)
          return 'v44'
        },
      },
    })
    const replaces = () => scene.other.redis.hget(scene.other.keys.intent, 'replaces')
    expect(await takingBack(deploy)).toMatchObject({ message: expect.stringMatching(/as v44\.$/) })
    expect(during).toEqual(['pushing', 'drained'])
    expect(await phase()).toBe('released')
    expect(await replaces()).toBe('v43')
    expect(app.calls).toEqual(['drain'])
    const { participants, spans } = deploy.story.ended('deployed', 'Done.')
    expect(participants.map(({ dyno }) => dyno)).toEqual(['clock.1'])
    expect(spans.map(({ name }) => name)).toEqual(expect.arrayContaining(['clock.1 draining', 'rollback']))
  })

  it('goes back to work when the rollback fails', async () => {
    const app = await scene.clock(new App({}))
    const refused = new DeployError('push-failed', 'Heroku refuses.', 'Look.')
    await takingBack(deploying({ target: { rollBack: () => Promise.reject(refused) } }))
    expect(await phase()).toBe('aborted')
    await app.told('drain', 'resume')
  })

  it('does not keep it when it refuses to drain', async () => {
    const app = await scene.clock(new App())
    const deploy = deploying()
    const taking = takingBack(deploy)
    const drain = await app.draining()
    drain.fail(new Error('no'))
    expect(await taking).toMatchObject({ message: expect.stringMatching(/It was taken back/) })
    expect(deploy.calls).toContain('rollBack')
    expect(deploy.log.matching(/Going back without a drain$/)).toHaveLength(1)
  })

  it('does not keep it when it does not drain in time', async () => {
    const app = await scene.clock(new App())
    const deploy = deploying({ plan: { acknowledgeTimeoutMs: 300, drainTimeoutMs: 300 } })
    expect(await takingBack(deploy)).toMatchObject({ message: expect.stringMatching(/It was taken back/) })
    expect(app.calls[0]).toBe('drain')
    expect(deploy.log.matching(/without a drain$/)).toEqual([])
  })

  it('does not keep it when nobody is there, whatever number was asked for', async () => {
    const plan = { processes: [{ type: 'clock', atLeast: 3, demanded: true }], acknowledgeTimeoutMs: 300 }
    const deploy = deploying({ plan })
    expect(await takingBack(deploy)).toMatchObject({ message: expect.stringMatching(/It was taken back/) })
    // Nobody is missed: that would have been waited for, and warned of.
    expect(deploy.log.matching(/^warning: /)).toEqual([`warning: ${CRASH.message} Going back to v42`])
  })

  it('does not keep it when Redis can not be reached', async () => {
    const deploy = deploying({ redisUrl: 'http://:pw@nowhere' })
    expect(await takingBack(deploy)).toMatchObject({ message: expect.stringMatching(/It was taken back/) })
    expect(deploy.log.matching(/can't be used.* Going back without a drain$/)).toHaveLength(1)
  })

  it('is left to another deploy that is at work already', async () => {
    const app = await scene.clock(new App({}))
    await using other = await scene.acquire()
    await other.drained()
    const deploy = deploying()
    expect(await takingBack(deploy)).toMatchObject({
      outcome: 'dynos-not-up',
      message: expect.stringMatching(/crashes\. It was not taken back: .*deploy/),
    })
    expect(deploy.calls).toEqual([])
    expect(app.calls).toEqual(['drain'])
  })

  it('of the release gone back to is waited for, and its absence is a warning', async () => {
    const app = await scene.clock(new App({}))
    const seen = deploying({
      plan: { waitForClockMs: 20_000 },
      target: {
        async rollBack() {
          await scene.other.redis.del(scene.other.keys.roster)
          await scene.clock(new App({}), 'clock.2')
          return 'v44'
        },
      },
    })
    await takingBack(seen)
    expect(app.calls).toEqual(['drain'])
    expect(seen.log.matching(/^clock\.2 of v44 is scheduling$/)).toHaveLength(1)
    const unseen = deploying({ plan: { waitForClockMs: 300 } })
    const told = await takingBack(unseen)
    expect(told).toMatchObject({
      outcome: 'dynos-not-up',
      message: expect.stringMatching(/It was taken back/),
    })
    expect(unseen.log.matching(/^warning: v44 is released, but no clock of it joined/)).toHaveLength(1)
  })

  it('is asked for by a list as often as the plan says', async () => {
    const list = { requestKey: 'request', responseKey: 'response', message: 'shutdown', resumeMessage: '' }
    const deploy = deploying({ plan: { list, acknowledgeTimeoutMs: 300, drainTimeoutMs: 300 } })
    await takingBack(deploy)
    expect(deploy.log.matching(/^put .*shutdown.* into the list .*request/)).toHaveLength(1)
    expect(deploy.calls).toContain('rollBack')
  })

  it('has its hold remembered for the post step', async () => {
    await scene.clock(new App({}))
    const remembered: string[] = []
    const deploy = deploying()
    const around = { ...deploy.around, remember: ({ id }: { id: string }) => void remembered.push(id) }
    await takingBack({ ...deploy, around })
    expect(remembered).toEqual([expect.stringMatching(new RegExp(`^.{${newDeployId().length}}$`))])
  })
})
