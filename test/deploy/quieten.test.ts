import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Quiet } from '../../src/deploy/quiet/quiet.ts'
import { quieten } from '../../src/deploy/quiet/quieten.ts'
import { DeployError } from '../../src/outcome.ts'
import { openScene, type Scene } from '../gate/support/scene.ts'
import { App } from '../participant/support/app.ts'
import { type ScriptedDeploy, scriptedDeploy } from './support/scripted-deploy.ts'

vi.setConfig({ testTimeout: 60_000 })

const quieting = ({ plan, around, story, cancel, target }: ScriptedDeploy): Promise<Quiet> =>
  quieten(plan, around, story, cancel.signal, target)
const LIST = { requestKey: 'request', responseKey: 'response', message: 'shutdown', resumeMessage: '' }
const CRASHED = {
  formation: [{ type: 'clock', quantity: 1 }],
  dynos: [{ name: 'clock.1', type: 'clock', state: 'crashed', version: 42 }],
}

describe('nobody is asked', () => {
  it.each([
    [
      'where the plan says so',
      { plan: { skipDrain: true } },
      'deployed without a drain',
      /^warning: skip-drain: true: deploying at once/,
    ],
    [
      'where nobody is to run',
      { target: { formation: [{ type: 'clock', quantity: 0 }] } },
      'deployed without a drain, since there was nobody to drain',
      /^clock is scaled to 0/,
    ],
    [
      'by a list whose only listener has crashed',
      { plan: { list: LIST }, target: CRASHED },
      'deployed without a drain, since there was nobody to drain',
      /^clock\.1 is crashed/,
    ],
  ])('%s, which is said', async (_name, over, deployed, line) => {
    const deploy = scriptedDeploy(over)
    await using quiet = await quieting(deploy)
    expect(quiet.deployed).toBe(deployed)
    expect(await quiet.during(async () => 42)).toBe(42)
    await quiet.released()
    expect(await quiet.successor(1_000, 'v43', deploy.cancel.signal)).toEqual([])
    expect(deploy.log.matching(line)).toHaveLength(1)
    expect(deploy.groups).toEqual([])
    expect(deploy.story.stage).toBe('preflight')
  })
})

describe('the clock', () => {
  let scene: Scene
  beforeEach(async () => {
    scene = await openScene()
  })
  afterEach(() => scene[Symbol.asyncDispose]())

  const deploying = (over: NonNullable<Parameters<typeof scriptedDeploy>[0]> = {}) =>
    scriptedDeploy({ redisUrl: scene.server.url, ...over })
  const intent = (field: string) => scene.other.redis.hget(scene.other.keys.intent, field)

  it('is at rest during the release, and stays so after it', async () => {
    const app = await scene.clock(new App({}))
    const deploy = deploying()
    {
      await using quiet = await quieting(deploy)
      expect(quiet.deployed).toBe('')
      expect(deploy.story.stage).toBe('draining')
      expect(
        await quiet.during(async () => [await intent('phase'), (await scene.other.row())?.state]),
      ).toEqual(['pushing', 'drained'])
      expect(JSON.parse((await intent('asker')) ?? '')).toMatchObject({
        app: 'shop',
        commit: deploy.target.commit,
      })
      expect(await intent('replaces')).toBe('v42')
      await quiet.released()
    }
    expect(await intent('phase')).toBe('released')
    expect(app.calls).toEqual(['drain'])
    expect(deploy.groups).toEqual(['Redis', 'Drain: waiting for running jobs'])
    expect(deploy.story.ended('deployed', 'Done.').participants.map(({ dyno }) => dyno)).toEqual(['clock.1'])
  })

  it('goes back to work when the scope is left without a release', async () => {
    const app = await scene.clock(new App({}))
    await (await quieting(deploying()))[Symbol.asyncDispose]()
    expect(await intent('phase')).toBe('aborted')
    await app.told('drain', 'resume')
  })

  it('that refuses fails it, and is remembered for the post step before it is asked', async () => {
    const app = await scene.clock(new App())
    const deploy = deploying()
    const remembered: (string | null)[] = []
    const around = {
      ...deploy.around,
      remember: ({ id }: { id: string }) => void intent('id').then((there) => remembered.push(id, there)),
    }
    const ended = expect(quieting({ ...deploy, around })).rejects.toMatchObject({ outcome: 'refused' })
    ;(await app.draining()).fail(new Error('no'))
    await ended
    expect(remembered).toEqual([expect.any(String), null])
    expect(await intent('phase')).toBe('aborted')
  })

  it('that has crashed is asked all the same if it comes back, and not waited for', async () => {
    await using _ = await quieting(deploying({ target: CRASHED }))
    expect(await intent('phase')).toBe('pushing')
  })

  it('of which Heroku runs two must be two', async () => {
    await scene.clock(new App({}))
    const dyno = (name: string) => ({ name, type: 'clock', state: 'up', version: 42 })
    const target = { formation: [{ type: 'clock', quantity: 2 }], dynos: [dyno('clock.1'), dyno('clock.2')] }
    const deploy = deploying({ plan: { acknowledgeTimeoutMs: 300 }, target })
    await expect(quieting(deploy)).rejects.toMatchObject({
      outcome: 'missing-clock',
      message: expect.stringContaining('clock.2'),
    })
  })

  it('is given back when the deploy is cancelled while it drains', async () => {
    const app = await scene.clock(new App())
    const deploy = deploying()
    const reason = new DeployError('cancelled', 'The job was cancelled.', 'Run it again.')
    const ended = expect(quieting(deploy)).rejects.toBe(reason)
    await app.draining()
    deploy.cancel.abort(reason)
    await ended
    expect(await intent('phase')).toBe('aborted')
  })
})
