import { describe, expect, it } from 'vitest'
import type { DeployPlan } from '../../src/deploy/plan.ts'
import { type FollowedHold, type Stage, Story } from '../../src/deploy/story.ts'
import type { HeldParticipant } from '../../src/gate/held.ts'
import { DeployError } from '../../src/outcome.ts'
import { Lines } from '../participant/support/lines.ts'
import { ManualTime } from '../support/manual-time.ts'

const PLAN: Pick<DeployPlan, 'app' | 'strategy'> = { app: 'shop', strategy: { kind: 'git-push' } }

function story(stage: Stage = 'preflight') {
  const [time, log] = [new ManualTime(), new Lines()]
  const told = new Story(PLAN, time, log)
  told.stage = stage
  return { told, time, log }
}

const held = (over: Partial<FollowedHold> = {}): FollowedHold => ({
  ...{ participants: [], elapsedMs: 0, quietMs: undefined, remedy: undefined },
  ...over,
})
const participant = (dyno: string, over: Partial<HeldParticipant> = {}): HeldParticipant => ({
  ...{ id: `${dyno}#a`, dyno, type: 'clock', state: 'drained', seenMs: 0 },
  ...over,
})

describe('a deploy that is stopped from outside', () => {
  it.each([
    ['preflight', /^Stopped\. Nobody was asked to drain, and nothing was pushed\.$/],
    ['draining', /^Stopped\. Nothing was pushed, and the clock goes on\.$/],
    ['pushing', /^Stopped\. .*Heroku may still build and release it: `heroku releases --app shop` tells/],
    [
      'verifying',
      /^Stopped\. The push went through; its release was not verified: `heroku releases --app shop`/,
    ],
    ['released', /^Stopped\. v43 is released; whether it works was not waited for\.$/],
  ] as const)('while %s says what it leaves behind', (stage, message) => {
    const { told } = story(stage)
    told.release = 'v43'
    for (const outcome of ['cancelled', 'deploy-timeout'] as const) {
      const report = told.failed(new DeployError(outcome, 'Stopped.', 'Run it again.'))
      expect(report).toMatchObject({ outcome, next: 'Run it again.' })
      expect(report.message).toMatch(message)
    }
  })

  it.each([
    ['git-push', 'The push was ended here, but Heroku may still build and release it'],
    ['promote', 'The promotion was ended here, but Heroku may still go on with it'],
    ['slug', 'The release of the slug was ended here, but Heroku may still go on with it'],
    ['command', 'The deploy command was ended here, but Heroku may still go on with it'],
  ] as const)('says by %s what was under way', (deed, message) => {
    const { told } = story('pushing')
    told.deed = deed
    const stopped = new DeployError('cancelled', 'Stopped.', 'Run it again.')
    expect(told.failed(stopped).message).toContain(message)
    told.stage = 'verifying'
    expect(told.failed(stopped).message).toContain(`${message.split(' was ')[0]} went through`)
  })

  it.each([
    [
      undefined,
      'Stopped. v43 is released and does not work. Going back to v42 was ended here: `heroku releases --app shop` tells how far it came, and `heroku rollback v42 --app shop` goes back by hand.',
    ],
    [
      'v44',
      'Stopped. v43 is released and did not work. It was taken back by v44; whether that works was not waited for.',
    ],
  ])('while it goes back says how far that came (by %s)', (rollback, message) => {
    const { told } = story('draining')
    Object.assign(told, { release: 'v43', goingBackTo: 'v42', rollback })
    expect(told.failed(new DeployError('cancelled', 'Stopped.', 'Run it again.')).message).toBe(message)
    const broken = new DeployError('dynos-not-up', 'It crashes.', 'Look.')
    expect(told.failed(broken).message).toBe('It crashes.')
  })

  it('adds nothing to an error that knows what it leaves behind', () => {
    const { told } = story('pushing')
    const report = told.failed(new DeployError('build-failed', 'The build failed.', 'Mend it.'))
    expect(report).toMatchObject({ outcome: 'build-failed', message: 'The build failed.', next: 'Mend it.' })
  })
})

it.each([
  ['preflight', 'checking'],
  ['draining', 'draining'],
  ['pushing', 'pushing'],
  ['verifying', 'verifying the release'],
  ['released', 'waiting for the new release'],
] as const)('an unexpected error while %s says so, and asks for a report', (stage, doing) => {
  const report = story(stage).told.failed(new TypeError('x is not a function'))
  expect(report.outcome).toBe('failed')
  expect(report.message).toContain(`Something unexpected went wrong while ${doing}: x is not a function`)
  expect(report.next).toMatch(/^Please report it with the log of this run/)
})

it('keeps warnings for the report, and logs them', () => {
  const { told, log } = story()
  told.log.info('plain')
  told.log.warning('careful')
  expect(log.lines).toEqual(['plain', 'warning: careful'])
  expect(told.ended('deployed', 'Done.').warnings).toEqual(['careful'])
})

it('has a bar for what was done, with its failure', async () => {
  const { told, time } = story()
  const pushing = told.span('push', 'heroku', () => time.sleep(3_000))
  await time.advance(3_000)
  await pushing
  await expect(told.span('release', 'heroku', () => Promise.reject(new Error('no')))).rejects.toThrow('no')
  expect(told.ended('deployed', 'Done.').spans).toEqual([
    { name: 'push', section: 'heroku', fromMs: 0, toMs: 3_000, failed: false },
    { name: 'release', section: 'heroku', fromMs: 3_000, toMs: 3_000, failed: true },
  ])
})

it('has a bar for being asked where accepting took a while, or never came', () => {
  const { told } = story()
  const participants = [
    participant('quick', { acceptedMs: 99, drainedMs: 2_000 }),
    participant('slow', { acceptedMs: 100, drainedMs: 2_000 }),
    participant('deaf'),
  ]
  told.follow(held({ participants }))
  expect(told.ended('deployed', 'Done.').spans.map(({ name }) => name)).toEqual([
    'slow asked',
    'deaf asked',
    'quick draining',
    'slow draining',
  ])
})

describe('participants whose protocol tells little', () => {
  const TAKER = { id: '1', dyno: 'clock', type: 'clock', state: 'draining', seenMs: 0 }
  const STOPPED = 'The clock stays stopped. Now run: heroku ps:restart clock --app shop.'

  it.each([
    ['draining', /Nothing was pushed, and the clock may stay stopped\.$/],
    ['pushing', /The old clock may stay stopped until then\.$/],
    ['verifying', /The old clock may stay stopped until it is replaced\.$/],
  ] as const)('and stay stopped: what to do comes first, while %s', (stage, message) => {
    const { told } = story(stage)
    told.follow(held({ remedy: STOPPED, participants: [TAKER] }))
    const report = told.failed(new DeployError('cancelled', 'Stopped.', 'Run it again.'))
    expect(report.message).toMatch(message)
    expect(report.next).toBe(`${STOPPED} Run it again.`)
    expect(told.failed(new TypeError('x')).next).toMatch(
      /^The clock stays stopped\. Now run: .* Please report it/,
    )
    expect(told.failed(new DeployError('build-failed', 'No.', 'Mend it.')).next).toBe(`${STOPPED} Mend it.`)
  })

  it('have no counts of jobs, which is not the same as none', () => {
    const { told } = story()
    told.follow(held({ participants: [TAKER] }))
    const report = told.ended('deployed', 'Done.')
    expect(report).not.toHaveProperty('jobsFinished')
    expect(report.participants).toEqual([{ id: '1', dyno: 'clock', type: 'clock', state: 'draining' }])
    told.follow(held({ participants: [{ ...TAKER, finished: 2, stored: 0 }] }))
    expect(told.ended('deployed', 'Done.')).toMatchObject({ jobsFinished: 2, jobsStored: 0 })
    expect(story().told.ended('deployed', 'Done.')).toMatchObject({ jobsFinished: 0, jobsStored: 0 })
  })
})

describe('who is back at work after a release that came to nothing', () => {
  const failure = new DeployError('build-failed', 'The build failed.', 'Mend it.')
  const resumed = (dyno: string) => participant(dyno, { resumedMs: 5 })

  it.each([
    ['clock.1', [resumed('clock.1'), participant('clock.2')], ' clock.1 is back at work.'],
    ['both', [resumed('clock.1'), resumed('clock.2')], ' clock.1, clock.2 are back at work.'],
    ['nobody that was seen', [participant('clock.1')], ''],
  ])('is said: %s', (_name, participants, sentence) => {
    for (const stage of ['pushing', 'verifying'] as const) {
      const { told } = story(stage)
      told.follow(held({ participants }))
      expect(told.failed(failure).message).toBe(`The build failed.${sentence}`)
    }
  })

  it('is not said where the drain failed, which says so itself, nor once it is released', () => {
    for (const stage of ['draining', 'released'] as const) {
      const { told } = story(stage)
      told.follow(held({ participants: [resumed('clock.1')] }))
      expect(told.failed(failure).message).toBe('The build failed.')
    }
  })
})

describe('a deploy that was taken back', () => {
  it('is told with both of its drains, each in its time', async () => {
    const { told, time } = story()
    await time.advance(1_000)
    const old = { acceptedMs: 100, drainedMs: 12_000, finished: 2, stored: 1 }
    told.follow(held({ participants: [participant('clock.1', old)], quietMs: 20_000, elapsedMs: 1_000 }))
    await time.advance(60_000)
    const fresh = { id: 'clock.1#b', acceptedMs: 200, drainedMs: 3_000, finished: 1, stored: 0 }
    told.follow(held({ participants: [participant('clock.1', fresh)], quietMs: 5_000 }))
    const report = told.ended('deployed', 'Done.')
    expect(report.participants.map(({ id }) => id)).toEqual(['clock.1#a', 'clock.1#b'])
    expect(report).toMatchObject({ drainSeconds: 12, quietSeconds: 25, jobsFinished: 3, jobsStored: 1 })
    expect(report.spans.map(({ name, fromMs, toMs }) => [name, fromMs, toMs])).toEqual([
      ['clock.1 asked', 0, 100],
      ['clock.1 draining', 100, 12_000],
      ['clock.1 asked', 61_000, 61_200],
      ['clock.1 draining', 61_200, 64_000],
    ])
  })

  it('has what to do for those who stay stopped by either', () => {
    const { told } = story('pushing')
    told.follow(held({ remedy: 'Restart the old one.' }))
    told.follow(held())
    expect(told.failed(new DeployError('build-failed', 'No.', 'Mend it.')).next).toBe(
      'Restart the old one. Mend it.',
    )
  })
})
