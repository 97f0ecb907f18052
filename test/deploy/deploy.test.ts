import { describe, expect, it } from 'vitest'
import { deploy } from '../../src/deploy/deploy.ts'
import type { DeployReport } from '../../src/deploy/report.ts'
import { DeployError } from '../../src/outcome.ts'
import { ManualTime, settle } from '../support/manual-time.ts'
import { type ScriptedDeploy, scriptedDeploy } from './support/scripted-deploy.ts'

type Over = NonNullable<Parameters<typeof scriptedDeploy>[0]>

/** A deploy without a drain. */
function scripted({ plan = {}, ...over }: Over = {}): ScriptedDeploy {
  const made = scriptedDeploy({ ...over, plan: { skipDrain: true, waitForClockMs: 0, ...plan } })
  const heroku = { ...made.around.heroku, preflight: async () => made.target, ...over.heroku }
  return { ...made, around: { ...made.around, heroku } }
}
const run = ({ plan, around }: ScriptedDeploy): Promise<DeployReport> => deploy(plan, around)

describe('a deploy', () => {
  it('looks, releases, and believes it only when it runs', async () => {
    const made = scripted()
    const report = await run(made)
    expect(report).toMatchObject({
      ...{ outcome: 'deployed', release: 'v43', next: '', app: 'shop' },
      message: 'shop runs 752f176e as v43, deployed without a drain.',
      commit: '752f176e6c67becb8e554567bb513abd869039df',
      url: 'https://shop.example.com/',
    })
    expect(made.calls).toEqual(['publish', 'verify', 'dynosUp v43'])
    expect(made.groups).toEqual([
      'Preflight: nobody is asked for anything yet',
      'Push to shop',
      'Release',
      'New release',
    ])
    expect(made.log.lines[0]).toBe('shop runs v42; HEAD is 752f176e')
  })

  it.each([
    ['promote', 'Promotion to shop', 'promotion', { kind: 'promote', from: 'staging' }],
    ['slug', 'Release of a slug of shop', 'release of a slug', { kind: 'slug', slug: '' }],
    ['command', 'Deploy command for shop', 'deploy command', { kind: 'command', program: 'x', args: [] }],
  ] as const)('by %s has a heading and a bar of that', async (_name, heading, bar, strategy) => {
    const made = scripted({ plan: { strategy } })
    const { spans } = await run(made)
    expect(made.groups).toContain(heading)
    expect(spans.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['preflight', bar, 'release', 'new dynos']),
    )
  })

  it('of what has no commit is told by its release', async () => {
    const { message } = await run(scripted({ target: { commit: '' } }))
    expect(message).toBe('shop runs v43, deployed without a drain.')
  })
})

it('a deploy that has ended waits for nothing more', async () => {
  const made = scripted()
  const time = new ManualTime()
  await run({ ...made, around: { ...made.around, time } })
  await settle()
  expect(time.sleeping).toBe(0)
})

describe('a deploy of what runs already', () => {
  const target = { upToDate: true }

  it('does nothing', async () => {
    const made = scripted({ target })
    expect(await run(made)).toMatchObject({
      ...{ outcome: 'up-to-date', release: 'v42' },
      message: 'shop already runs 752f176e: nobody was asked to drain, nothing was pushed.',
    })
    expect(made.calls).toEqual([])
  })

  it('is an error where that is asked for', async () => {
    const made = scripted({ target, plan: { upToDate: 'fail' } })
    const report = await run(made)
    expect(report).toMatchObject({
      outcome: 'nothing-to-deploy',
      message: 'shop already runs 752f176e. Nobody was asked to drain, and nothing was pushed.',
      next: expect.stringContaining('up-to-date: rerelease'),
    })
    expect(report).not.toHaveProperty('release')
    expect(made.calls).toEqual([])
  })

  it('releases it again where that is asked for, which is no push', async () => {
    const made = scripted({ target, plan: { upToDate: 'rerelease' } })
    expect(await run(made)).toMatchObject({ outcome: 'deployed', release: 'v43' })
    expect(made.groups).toContain('Release of a slug of shop')
  })
})

it('a command that makes no release has deployed nothing', async () => {
  const strategy = { kind: 'command', program: 'x', args: [] } as const
  const made = scripted({ plan: { strategy }, target: { verify: async () => undefined } })
  const report = await run(made)
  expect(report).toMatchObject({
    outcome: 'up-to-date',
    message: expect.stringMatching(/made no release of shop: what ran before runs on/),
  })
  expect(report).not.toHaveProperty('release')
  expect(made.calls).toEqual(['publish'])
})

it('a dry run releases nothing', async () => {
  const made = scripted({ plan: { dryRun: true } })
  expect(await run(made)).toMatchObject({ outcome: 'dry-run' })
  expect(made.calls).toEqual([])
})

describe('a deploy that fails', () => {
  const failure = new DeployError('push-failed', 'The push failed.', 'Look.')

  it.each<[string, Over]>([
    ['in its checks', { heroku: { preflight: () => Promise.reject(failure) } }],
    ['in its push', { target: { publish: () => Promise.reject(failure) } }],
    ['in its release', { target: { verify: () => Promise.reject(failure) } }],
  ])('%s is told by that, and nothing is taken back', async (_name, over) => {
    const made = scripted({ ...over, plan: { rollbackOnFailure: true } })
    expect(await run(made)).toMatchObject({
      outcome: 'push-failed',
      message: 'The push failed.',
      next: 'Look.',
    })
    expect(made.calls).not.toContain('rollBack')
  })

  it('once it is released is taken back', async () => {
    const dynosUp = () => Promise.reject(new DeployError('dynos-not-up', 'clock.1 crashes.', 'Look.'))
    const made = scripted({ plan: { rollbackOnFailure: true }, heroku: { dynosUp } })
    expect(await run(made)).toMatchObject({
      ...{ outcome: 'dynos-not-up', release: 'v43', rollback: 'v44' },
      message: 'clock.1 crashes. It was taken back: shop runs what v42 was, as v44.',
    })
  })

  it('in a way that nobody foresaw is a report, too', async () => {
    const made = scripted({ target: { publish: () => Promise.reject(new TypeError('x is not a function')) } })
    expect(await run(made)).toMatchObject({
      outcome: 'failed',
      message: expect.stringMatching(/^Something unexpected went wrong while pushing: x is not a function/),
    })
  })
})

describe('a deploy that is stopped', () => {
  const until = (signal: AbortSignal) =>
    new Promise<never>((_, reject) =>
      signal.addEventListener('abort', () => reject(new Error('ended')), { once: true }),
    )

  it('when its time is over says what to raise, and what may still come', async () => {
    const made = scripted({ target: { publish: until } })
    const time = new ManualTime()
    const ended = run({ ...made, around: { ...made.around, time } })
    await settle()
    await time.advance(60_000)
    expect(await ended).toMatchObject({
      outcome: 'deploy-timeout',
      message: expect.stringMatching(
        /^The deploy was not done within 1 min\. The push was ended here, but Heroku may still/,
      ),
      next: expect.stringContaining('raise deploy-timeout'),
    })
    expect(time.sleeping).toBe(0)
  })

  it('by a cancelled job is told by that, whatever else it leads to', async () => {
    const made = scripted({ target: { verify: until } })
    const ended = run(made)
    await settle()
    made.cancel.abort(new DeployError('cancelled', 'The job was cancelled.', 'Run it again.'))
    expect(await ended).toMatchObject({
      outcome: 'cancelled',
      message: expect.stringMatching(
        /^The job was cancelled\. The push went through; its release was not verified/,
      ),
    })
  })

  it('during its checks asks nobody for anything more', async () => {
    const made = scripted({
      heroku: {
        async preflight() {
          made.cancel.abort(new DeployError('cancelled', 'The job was cancelled.', 'Run it again.'))
          return made.target
        },
      },
    })
    expect(await run(made)).toMatchObject({ outcome: 'cancelled' })
    expect(made.calls).toEqual([])
  })
})
