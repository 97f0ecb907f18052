import { describe, expect, it } from 'vitest'
import type { DeployPlan } from '../../src/deploy/plan.ts'
import { type Stage, Story } from '../../src/deploy/story.ts'
import type { Held, HeldParticipant } from '../../src/gate/held.ts'
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

describe('a deploy that is stopped from outside', () => {
  it.each([
    ['preflight', /^Stopped\. Nobody was asked to drain, and nothing was pushed\.$/],
    ['draining', /^Stopped\. Nothing was pushed, and the clock goes on\.$/],
    ['pushing', /^Stopped\. .*Heroku may still build and release it: heroku releases --app shop tells/],
    [
      'verifying',
      /^Stopped\. The push went through; its release was not verified: heroku releases --app shop/,
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

describe('participants whose protocol tells little', () => {
  const held = (remedy: string | undefined, taker: HeldParticipant): Held => ({
    participants: [taker],
    elapsedMs: 0,
    quietMs: undefined,
    remedy,
    drained: async () => true,
    commit: async () => {},
    concerns: async () => [],
    release: async () => {},
    successor: async () => [],
    async [Symbol.asyncDispose]() {},
  })
  const TAKER = { id: '1', dyno: 'clock', type: 'clock', state: 'draining', seenMs: 0 }
  const STOPPED = 'The clock stays stopped. Now run: heroku ps:restart clock --app shop.'

  it.each([
    ['draining', /Nothing was pushed, and the clock may stay stopped\.$/],
    ['pushing', /The old clock may stay stopped until then\.$/],
    ['verifying', /The old clock may stay stopped until it is replaced\.$/],
  ] as const)('and stay stopped: what to do comes first, while %s', (stage, message) => {
    const { told } = story(stage)
    told.follow(held(STOPPED, TAKER))
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
    told.follow(held(undefined, TAKER))
    const report = told.ended('deployed', 'Done.')
    expect(report).not.toHaveProperty('jobsFinished')
    expect(report.participants).toEqual([{ id: '1', dyno: 'clock', type: 'clock', state: 'draining' }])
    told.follow(held(undefined, { ...TAKER, finished: 2, stored: 0 }))
    expect(told.ended('deployed', 'Done.')).toMatchObject({ jobsFinished: 2, jobsStored: 0 })
    expect(story().told.ended('deployed', 'Done.')).toMatchObject({ jobsFinished: 0, jobsStored: 0 })
  })
})
