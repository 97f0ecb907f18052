import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { dynosUp } from '../../src/heroku/dynos-up.ts'
import { DeployError } from '../../src/outcome.ts'
import { dynoBody, formationAnswer, refusalAnswer } from './support/answers.ts'
import type { Answer } from './support/api-server.ts'
import { openScriptedApp, type ScriptedApp } from './support/scripted-app.ts'
import { rejection } from './support/world.ts'

const WAIT_MS = 120_000
const LOOK_AGAIN_MS = 2_000

let app: ScriptedApp
beforeEach(async () => {
  app = await openScriptedApp()
  formed({ clock: 1, web: 2 })
})
afterEach(() => app[Symbol.asyncDispose]())

const formed = (quantities: Record<string, number>) =>
  app.server.script('/apps/shop/formation', formationAnswer(quantities))

type Shown = readonly [name: string, state?: string, version?: number, id?: string]

const dynos = (...shown: readonly Shown[]): Answer => ({
  body: shown.map(([name, state = 'up', version = 43, id = `${name} of v${version}`]) =>
    dynoBody(name, { id, state, release: { id: `release-${version}`, version } }),
  ),
})

/** Waits for v43, of which the API tells `answers`, one a look. */
function waiting(answers: readonly Answer[], waitMs = WAIT_MS): Promise<void> {
  app.server.script('/apps/shop/dynos', ...answers)
  return dynosUp(app.api, 'v43', waitMs, app.around)
}

const times = (count: number, answer: Answer) => Array.from({ length: count }, () => answer)
const WEB: readonly Shown[] = [['web.1'], ['web.2']]

describe('dynos are up', () => {
  it('at once', async () => {
    await waiting([dynos(['clock.1'], ...WEB)])
    expect(app.around.lines).toEqual(['up on v43: clock.1, web.1, web.2'])
    expect(app.time.sleeps).toEqual([])
  })

  it('after they have started, beside old ones that still end', async () => {
    const old: Shown[] = [
      ['clock.1', 'up', 42],
      ['web.1', 'up', 42],
      ['web.2', 'up', 42],
    ]
    await waiting([
      dynos(...old),
      dynos(...old, ['clock.1', 'starting'], ...WEB),
      dynos(...old, ['clock.1'], ['web.1'], ['web.2', 'starting']),
      dynos(...old, ['clock.1'], ...WEB),
    ])
    expect(app.time.sleeps).toEqual([LOOK_AGAIN_MS, LOOK_AGAIN_MS, LOOK_AGAIN_MS])
  })

  it('on a release that is newer still: somebody has set config vars', async () => {
    await waiting([dynos(['clock.1', 'up', 44], ['web.1', 'up', 44], ['web.2', 'up', 43])])
  })

  it('when Heroku lets them sleep', async () => {
    await waiting([dynos(['clock.1'], ['web.1', 'idle'], ['web.2', 'idle'])])
  })

  it('when there are none to be', async () => {
    formed({ clock: 0, web: 0 })
    await waiting([dynos()])
    expect(app.around.lines).toEqual(['up on v43: nobody, as no dyno is to run'])
  })

  it('whatever becomes of one-off dynos', async () => {
    await waiting([dynos(['clock.1'], ...WEB, ['run.1234', 'crashed'], ['release.1', 'up'])])
    expect(app.around.lines).toEqual(['up on v43: clock.1, web.1, web.2'])
  })

  it('after one has crashed and was started again', async () => {
    const crashed = dynos(['clock.1', 'crashed', 43, 'first'], ...WEB)
    const again = dynos(['clock.1', 'starting', 43, 'second'], ...WEB)
    // Each for less than 20 s.
    await waiting([
      ...times(9, crashed),
      ...times(5, again),
      ...times(9, crashed),
      ...times(5, again),
      dynos(['clock.1'], ...WEB),
    ])
  })

  it('as far as a token can see that may not read them', async () => {
    await waiting([refusalAnswer(403, 'forbidden', 'You do not have access.')])
    expect(app.around.warnings).toEqual([
      expect.stringMatching(
        /may not read the dynos of shop.* So whether the dynos of v43 are up is not known$/,
      ),
    ])
  })
})

describe('dynos are not up', () => {
  it('when one stays crashed', async () => {
    const error = await rejection(waiting([dynos(['clock.1', 'crashed'], ...WEB)]))
    expect(error).toMatchObject({ outcome: 'dynos-not-up' })
    expect(error.message).toBe('v43 is released, but clock.1 crashes.')
    expect(error.next).toContain('`heroku logs --dyno clock.1 --app shop`')
    expect(app.time.now()).toBe(20_000)
  })

  it('when several stay crashed, each named once', async () => {
    const twice: Shown[] = [
      ['web.1', 'crashed', 43, 'a'],
      ['web.1', 'crashed', 43, 'b'],
    ]
    const error = await rejection(waiting([dynos(['clock.1', 'crashed'], ...twice, ['web.2'])]))
    expect(error.message).toBe('v43 is released, but clock.1, web.1 crash.')
  })

  it('when the time is over: which are missing, and what they do instead', async () => {
    const error = await rejection(waiting([dynos(['clock.1', 'starting'], ['web.1'], ['web.2', 'down'])]))
    expect(error).toMatchObject({ outcome: 'dynos-not-up' })
    expect(error.message).toBe(
      'v43 is released, but 2 min later not all of its dynos are up: 0 of 1 clock (clock.1 is starting), 1 of 2 web (web.2 is down).',
    )
    expect(error.next).toContain('raise wait-for-dynos')
    expect(app.time.now()).toBe(WAIT_MS)
  })

  it('when only those of the release before are', async () => {
    const old = dynos(['clock.1', 'up', 42], ['web.1', 'up', 42], ['web.2', 'up', 42])
    expect((await rejection(waiting([old]))).message).toMatch(
      /not all of its dynos are up: 0 of 1 clock, 0 of 2 web\.$/,
    )
  })

  it('when one is there twice and the other not at all', async () => {
    const twice = dynos(['clock.1'], ['web.1', 'up', 43], ['web.1', 'up', 44])
    expect((await rejection(waiting([twice]))).message).toMatch(/: 1 of 2 web\.$/)
  })

  it('when Heroku does not tell of which release they are', async () => {
    const none = { body: ['clock.1', 'web.1', 'web.2'].map((name) => ({ ...dynoBody(name), release: null })) }
    expect(await rejection(waiting([none]))).toMatchObject({ outcome: 'dynos-not-up' })
  })

  it('as soon as a time is over that is shorter than the time between two looks', async () => {
    await rejection(waiting([dynos()], 500))
    expect(app.time.sleeps).toEqual([500])
  })
})

describe('an API that does not tell', () => {
  it('for a while is waited for', async () => {
    await waiting([...times(5, { status: 503 }), dynos(['clock.1'], ...WEB)])
    expect(app.around.warnings).toEqual([
      expect.stringMatching(/answered 503.*The dynos are still waited for$/),
    ])
  })

  it('until the time is over says nothing of the dynos', async () => {
    const error = await rejection(waiting([dynos(), { status: 503 }]))
    expect(error).toMatchObject({ outcome: 'failed', cause: { status: 503 } })
    expect(app.time.now()).toBeGreaterThanOrEqual(WAIT_MS)
  })

  it.each<[string, Answer]>([
    ['because the app is gone', refusalAnswer(404, 'not_found', "Couldn't find that app.")],
    ['because the token was revoked', refusalAnswer(401, 'unauthorized', 'Invalid credentials provided.')],
  ])('%s says nothing of the dynos, and is not waited for', async (_name, answer) => {
    const error = await rejection(waiting([dynos(), answer]))
    expect(error).toMatchObject({ outcome: 'failed', cause: { status: answer.status } })
    expect(error.message).toMatch(/^v43 is released, but whether its dynos are up can't be found out: /)
    expect(error.next).toContain('`heroku ps --app shop`')
    expect(app.time.now()).toBe(LOOK_AGAIN_MS)
  })
})

it('ends with the reason of its signal', async () => {
  await using still = await openScriptedApp(() => false)
  still.server.script('/apps/shop/formation', formationAnswer({ clock: 1 }))
  still.server.script('/apps/shop/dynos', dynos())
  const ended = rejection(dynosUp(still.api, 'v43', WAIT_MS, still.around))
  await still.time.asleep(LOOK_AGAIN_MS)
  const reason = new DeployError('cancelled', 'The job was cancelled.', 'Run it again.')
  still.around.abort(reason)
  expect(await ended).toBe(reason)
})
