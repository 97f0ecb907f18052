import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { rehearse } from '../../src/deploy/rehearse.ts'
import type { DeployReport } from '../../src/deploy/report.ts'
import { openScene, type Scene } from '../gate/support/scene.ts'
import { type ScriptedDeploy, scriptedDeploy } from './support/scripted-deploy.ts'

vi.setConfig({ testTimeout: 60_000 })

/** Heroku runs one clock and two workers, which are up. */
const dyno = (name: string) => ({ ...{ name, type: name.replace(/\..*/, ''), state: 'up', version: 42 } })
const RUNNING = {
  formation: [
    { type: 'clock', quantity: 1 },
    { type: 'worker', quantity: 2 },
  ],
  dynos: [dyno('clock.1'), dyno('worker.1'), dyno('worker.2')],
}
const WORKER = { type: 'worker', atLeast: 1, demanded: false }
const UNDRAINED = { skipDrain: true }

function rehearsing(deploy: ScriptedDeploy): Promise<DeployReport> {
  const { plan, around, story, cancel, target } = deploy
  story.begins(target)
  return rehearse(plan, around, story, cancel.signal, target)
}
type Over = Parameters<typeof scriptedDeploy>[0]
const sentence = async (over: Over = {}) => (await rehearsing(scriptedDeploy(over))).message

describe('a dry run says what a deploy would do', () => {
  it.each<[string, NonNullable<Over>, string]>([
    ['a push', { plan: UNDRAINED }, 'A deploy would push 752f176e without a drain.'],
    [
      'a promotion',
      { plan: { ...UNDRAINED, strategy: { kind: 'promote', from: 'staging' } } },
      'A deploy would promote 752f176e without a drain.',
    ],
    [
      'a slug',
      { plan: { ...UNDRAINED, strategy: { kind: 'slug', slug: '' } } },
      'A deploy would release 752f176e without a drain.',
    ],
    [
      'what has no commit',
      { plan: { ...UNDRAINED, strategy: { kind: 'slug', slug: 'v41' } }, target: { commit: '' } },
      'A deploy would release what was asked for without a drain.',
    ],
    [
      'a command',
      {
        plan: { ...UNDRAINED, strategy: { kind: 'command', program: 'x', args: [] } },
        target: { commit: '' },
      },
      'A deploy would run the deploy command without a drain.',
    ],
    [
      'where nobody is to run',
      { target: { formation: [{ type: 'clock', quantity: 0 }] } },
      'A deploy would push 752f176e without a drain.',
    ],
    [
      'what runs already',
      { plan: UNDRAINED, target: { upToDate: true } },
      'shop already runs 752f176e: a deploy would do nothing.',
    ],
    [
      'what runs already and is to be an error',
      { plan: { ...UNDRAINED, upToDate: 'fail' }, target: { upToDate: true } },
      'shop already runs 752f176e: a deploy would fail with nothing-to-deploy.',
    ],
    [
      'what runs already and is to be released again',
      { plan: { ...UNDRAINED, upToDate: 'rerelease' }, target: { upToDate: true } },
      'A deploy would push 752f176e without a drain.',
    ],
    [
      'from a dyno',
      { plan: { drainFrom: 'dyno' } },
      'A deploy would have clock drain, for 20 s at most, and then push 752f176e.',
    ],
  ])('of %s', async (_name, over, message) => {
    const deploy = scriptedDeploy(over)
    const report = await rehearsing(deploy)
    expect(report).toMatchObject({ outcome: 'dry-run', next: '' })
    expect(report.message).toBe(`${message} This was a dry run: nobody was asked for anything.`)
    expect(deploy.calls).toEqual([])
    expect(deploy.groups).toEqual([])
  })
})

it('does not start a dyno to see who takes part, and says so', async () => {
  const deploy = scriptedDeploy({ plan: { drainFrom: 'dyno' } })
  await rehearsing(deploy)
  expect(deploy.log.matching(/seen from a dyno only, and a dry run starts none$/)).toHaveLength(1)
})

describe('a dry run looks at the gate', () => {
  let scene: Scene
  beforeEach(async () => {
    scene = await openScene()
  })
  afterEach(() => scene[Symbol.asyncDispose]())

  const looking = (over: NonNullable<Over> = {}) => scriptedDeploy({ redisUrl: scene.server.url, ...over })

  it('and names who takes part, and what runs there, without asking anybody', async () => {
    await scene.scripted('clock.1').beat({ release: 'v42', running: 1, note: 'exporting' })
    await scene.scripted('worker.1', 'worker').beat({ running: 2, state: 'booting' })
    await scene.scripted('worker.2', 'worker').beat({ running: 1, state: 'draining' })
    await scene.scripted('web.1', 'web').beat()
    const deploy = looking({ plan: { processes: [{ type: 'clock', atLeast: 1, demanded: false }, WORKER] } })
    expect((await rehearsing(deploy)).message).toBe(
      'A deploy would have clock, worker drain, for 20 s at most, and then push 752f176e. This was a dry run: nobody was asked for anything.',
    )
    const [lines] = [deploy.log.matching(/^\S+\.\d: /)]
    expect(lines.sort()).toEqual([
      'clock.1: v42, protocol 1, scheduling, exporting',
      'worker.1: release unknown, protocol 1, booting, 2 jobs running',
      'worker.2: release unknown, protocol 1, draining, 1 job running',
    ])
    expect(await scene.other.redis.exists(scene.other.keys.intent)).toBe(0)
    expect(deploy.groups).toEqual(['Redis'])
  })

  it.each([
    [
      'fail',
      'fail with missing-clock',
      /^As things stand a deploy would fail with missing-clock, because too few take part as worker\./,
    ],
    ['deploy', 'go on without it', /^A deploy would have 2 worker drain, for 20 s at most, and then push/],
  ] as const)(
    'and names dynos that are up and have not joined (on-missing-clock: %s)',
    async (onMissingClock, what, says) => {
      await scene.scripted('worker.2', 'worker').beat()
      const deploy = looking({ plan: { processes: [WORKER], onMissingClock }, target: RUNNING })
      const { message, warnings } = await rehearsing(deploy)
      expect(message).toMatch(says)
      expect(warnings).toEqual([
        `worker.1 is up on v42 but has not joined the gate: a deploy would wait 20 s for it, and then ${what}`,
      ])
    },
  )

  it('and says of a drain in the release phase when that is', async () => {
    await scene.scripted('clock.1').beat()
    const { message } = await rehearsing(looking({ plan: { drainAt: 'release-phase' } }))
    expect(message).toMatch(/^A deploy would push 752f176e and have clock drain in the release phase\./)
  })

  it('and fails as a deploy would: another one is at work', async () => {
    const clock = scene.scripted('clock.1')
    await clock.beat()
    await using _ = await scene.acquire()
    await expect(rehearsing(looking())).rejects.toMatchObject({ outcome: 'busy' })
  })

  it('and fails as a deploy would: the clock is of another app', async () => {
    await scene.scripted('clock.1').beat({ app: 'another' })
    await expect(rehearsing(looking())).rejects.toMatchObject({ outcome: 'preflight-failed' })
  })

  it('and can name nobody under protocol: list', async () => {
    const list = { requestKey: 'request', responseKey: 'response', message: 'shutdown', resumeMessage: '' }
    const deploy = looking({ plan: { list }, target: RUNNING })
    expect(await rehearsing(deploy)).toMatchObject({ outcome: 'dry-run' })
    expect(deploy.log.matching(/has not joined/)).toEqual([])
    expect(await scene.other.redis.exists('request')).toBe(0)
  })

  it('and fails with what is wrong with the URL', async () => {
    await expect(sentence({ redisUrl: 'http://nowhere' })).rejects.toMatchObject({
      outcome: 'preflight-failed',
    })
  })
})
