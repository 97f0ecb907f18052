import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { maskOf } from '../../src/heroku/credentials.ts'
import { createPlatformApi } from '../../src/heroku/platform-api.ts'
import { followPush } from '../../src/heroku/strategies/git-push.ts'
import { DeployError } from '../../src/outcome.ts'
import { refusalAnswer, releasesAnswer, type ScriptedRelease, slugAnswer } from './support/answers.ts'
import { type Answer, type ApiServer, startApiServer } from './support/api-server.ts'
import { scriptedTime, surroundings } from './support/surroundings.ts'
import { rejection } from './support/world.ts'

const COMMIT = '752f176e6c67becb8e554567bb513abd869039df'
const LAST_LINES_MS = 5_000
/** For so long one request, the silence of a stream and its last lines may take. */
const LIMITS_MS = [15_000, 60_000, LAST_LINES_MS]
const POLL_MS = 2_000
const OLD: ScriptedRelease = { version: 42, current: true }

let server: ApiServer
beforeEach(async () => {
  server = await startApiServer()
  server.script('/apps/shop/slugs/slug-42', slugAnswer('0'.repeat(40)))
  server.script('/apps/shop/slugs/slug-43', slugAnswer(COMMIT))
})
afterEach(() => server.close())

/** Verifies the push of COMMIT over v42, of which the API tells `answers`, one a poll. */
function verifying(
  answers: readonly Answer[],
  { skip = (ms: number) => !LIMITS_MS.includes(ms), printed = true } = {},
) {
  server.script('/apps/shop/releases', ...answers)
  const time = scriptedTime(skip)
  const around = surroundings({ time, random: () => 0.2 })
  const api = createPlatformApi({ app: 'shop', apiUrl: server.url, apiKey: 'HRKU-5ecre7' }, around)
  const pushed = { app: 'shop', commit: COMMIT, currentRelease: 'v42', newestVersion: 42, api }
  return { time, around, done: followPush(pushed, printed, { ...around, hide: maskOf('HRKU-5ecre7') }) }
}

const times = (count: number, answer: Answer) => Array.from({ length: count }, () => answer)
const pending = releasesAnswer({ version: 43, status: 'pending' }, OLD)
const succeeded = releasesAnswer({ version: 43, current: true }, { version: 42 })

describe('a release', () => {
  it('is there at once', async () => {
    const { done, time, around } = verifying([succeeded])
    expect(await done).toBe('v43')
    expect(around.lines).toEqual(['Release v43 of 752f176e: succeeded'])
    expect(time.sleeps).toEqual([])
  })

  it('is waited for while it is pending, however long its release phase takes', async () => {
    const { done, time, around } = verifying([...times(200, pending), succeeded])
    expect(await done).toBe('v43')
    expect(around.lines).toEqual(['Release v43 of 752f176e: pending', 'Release v43 of 752f176e: succeeded'])
    expect(time.sleeps).toEqual(times(200, {}).map(() => POLL_MS))
  })

  it('may turn up late, and become current late', async () => {
    const notYet = releasesAnswer({ version: 43 }, OLD)
    const answers = [...times(50, releasesAnswer(OLD)), ...times(50, notYet), succeeded]
    expect(await verifying(answers).done).toBe('v43')
  })

  it('is known by its description when Heroku has no slug for it', async () => {
    const release = { version: 43, current: true, slug: null, description: 'Deploy 752f176e' }
    expect(await verifying([releasesAnswer(release, { version: 42 })]).done).toBe('v43')
  })

  it.each([404, 403])('is known by its description when its slug answers %i', async (status) => {
    server.script('/apps/shop/slugs/slug-43', { status, body: {} })
    const release = { version: 43, current: true, description: 'Deploy 752f176e' }
    expect(await verifying([releasesAnswer(release, { version: 42 })]).done).toBe('v43')
  })
})

describe('a release that failed', () => {
  it('is told with what still runs, and how to go on', async () => {
    const failed = releasesAnswer({ version: 43, status: 'failed' }, OLD)
    const error = await rejection(verifying([pending, failed]).done)
    expect(error).toMatchObject({ outcome: 'release-failed' })
    expect(error.message).toBe(
      'The push of 752f176e succeeded, but its release v43 failed. The release that was current before, v42, is still running.',
    )
    expect(error.next).toMatch(/releases:output v43 --app shop.*releases:retry --app shop.*pushes nothing/)
  })

  it('is not made up for by a newer release of something else', async () => {
    const failed = releasesAnswer(
      { version: 44, current: true, slug: 'slug-42', description: 'Set A config vars' },
      { version: 43, status: 'failed' },
      { version: 42 },
    )
    expect(await rejection(verifying([failed]).done)).toMatchObject({ outcome: 'release-failed' })
  })
})

describe('a release that never comes', () => {
  it.each([
    ['none at all', releasesAnswer(OLD)],
    [
      'only one of somebody else',
      releasesAnswer({ version: 43, slug: 'slug-42', current: true }, { version: 42 }),
    ],
    ['only one from before the push', releasesAnswer({ version: 42, slug: 'slug-43', current: true })],
  ])('(%s) is given up after two minutes', async (_name, answer) => {
    const { done, time } = verifying([answer])
    const error = await rejection(done)
    expect(error).toMatchObject({ outcome: 'release-failed' })
    expect(error.message).toBe(
      'The push of 752f176e went through, but shop had no release of it 2 min later.',
    )
    expect(error.next).toMatch(/heroku releases --app shop.*status\.heroku\.com/)
    expect(time.now()).toBe(120_000)
  })

  it('into force is given up two minutes after it succeeded', async () => {
    const { done, time } = verifying([...times(100, pending), releasesAnswer({ version: 43 }, OLD)])
    const error = await rejection(done)
    expect(error).toMatchObject({ outcome: 'release-failed' })
    expect(error.message).toBe(
      'Release v43 of 752f176e succeeded, but 2 min later shop still runs another one.',
    )
    expect(time.now()).toBe(100 * POLL_MS + 120_000)
  })
})

describe('a release that a newer one has replaced', () => {
  it('counts, with a warning', async () => {
    const { done, around } = verifying([
      releasesAnswer(
        { version: 44, current: true, slug: 'slug-43', description: 'Set LOG_LEVEL config vars' },
        { version: 43 },
        { version: 42 },
      ),
    ])
    expect(await done).toBe('v43')
    expect(around.warnings).toEqual(['v43 succeeded, and v44 (Set LOG_LEVEL config vars) is current by now'])
  })
})

it('a release that another one has replaced, of something else, is no success', async () => {
  const { done } = verifying([
    pending,
    releasesAnswer(
      { version: 44, current: true, slug: 'slug-42', description: 'Rollback to v42' },
      { version: 43 },
      { version: 42 },
    ),
  ])
  const error = await rejection(done)
  expect(error).toMatchObject({ outcome: 'release-failed' })
  expect(error.message).toBe(
    'Release v43 of 752f176e succeeded, but shop runs v44 (Rollback to v42) by now, and that is of something else.',
  )
  expect(error.next).toMatch(/heroku releases --app shop.*`concurrency` group/)
})

describe('an API that gives no answer', () => {
  it('for a while is waited for', async () => {
    const { done, around } = verifying([pending, ...times(10, { status: 503 }), succeeded])
    expect(await done).toBe('v43')
    expect(around.warnings).toEqual(
      times(2, {}).map(
        () =>
          "Heroku's API answered 503 to GET /apps/shop/releases, also when asked again. The release is still waited for",
      ),
    )
  })

  it('for a while is waited for, also late in a long release phase', async () => {
    const { done } = verifying([...times(200, pending), ...times(10, { status: 503 }), succeeded])
    expect(await done).toBe('v43')
  })

  it('about slugs for a while is waited for', async () => {
    server.script('/apps/shop/slugs/slug-43', ...times(5, { instead: 'drop' }), slugAnswer(COMMIT))
    const { done, around } = verifying([succeeded])
    expect(await done).toBe('v43')
    expect(around.warnings).toEqual([expect.stringMatching(/could not be reached.*still waited for$/)])
  })

  it('for five minutes leaves open what became of the release', async () => {
    const { done, time } = verifying([pending, { status: 503 }])
    const error = await rejection(done)
    expect(error).toMatchObject({ outcome: 'failed', cause: { status: 503 } })
    expect(error.message).toMatch(
      /^The push of 752f176e went through, but whether shop runs it can't be found out: /,
    )
    expect(error.next).toMatch(/may run the new release already/)
    expect(time.now()).toBeGreaterThanOrEqual(300_000)
    expect(time.now()).toBeLessThan(330_000)
  })

  it('but a refusal is not waited for', async () => {
    const refused = refusalAnswer(401, 'unauthorized', 'Invalid credentials provided.')
    const { done, time } = verifying([pending, refused])
    const error = await rejection(done)
    expect(error).toMatchObject({ outcome: 'failed', cause: { status: 401 } })
    expect(error.next).toMatch(/may run the new release already.*authorizations:create/)
    expect(time.now()).toBe(POLL_MS)
  })
})

it('ends with the reason of its signal, as soon as that aborts', async () => {
  const { done, time, around } = verifying([pending], { skip: () => false })
  const ended = rejection(done)
  await time.asleep(POLL_MS)
  const reason = new DeployError('deploy-timeout', 'Not done in time.', 'Raise deploy-timeout.')
  around.abort(reason)
  expect(await ended).toBe(reason)
})

describe('what a release phase prints', () => {
  const STREAM = '/streams/43?key=5ecre7'
  const phase = (status: 'pending' | 'succeeded' | 'failed') =>
    releasesAnswer(
      { version: 43, status, current: status === 'succeeded', outputStreamUrl: server.url + STREAM },
      { ...OLD, current: status !== 'succeeded' },
    )
  const said = (lines: readonly string[]) => lines.filter((line) => line.startsWith('release: '))

  it('is shown line by line, without the token, also of a release that fails', async () => {
    server.script(STREAM, { raw: 'migrating\nHRKU-5ecre7 is the key\nfailed\n' })
    const { done, around } = verifying([phase('pending'), phase('failed')], { printed: false })
    expect(await rejection(done)).toMatchObject({ outcome: 'release-failed' })
    expect(said(around.lines)).toEqual(['release: migrating', 'release: *** is the key', 'release: failed'])
  })

  it('is shown once, also where it comes late', async () => {
    server.script(STREAM, { status: 404 }, { raw: 'migrated' })
    const { done, around } = verifying([phase('pending'), phase('pending'), phase('succeeded')], {
      printed: false,
    })
    expect(await done).toBe('v43')
    expect(said(around.lines)).toEqual(['release: migrated'])
  })

  it('is not shown where git has shown it', async () => {
    const { done } = verifying([phase('succeeded')])
    await done
    expect(server.requests.map(({ path }) => path)).not.toContain(STREAM)
  })

  it('is waited for no more than a moment when the release is there', async () => {
    server.script(STREAM, { instead: 'silence' })
    const { done, time } = verifying([phase('succeeded')], {
      printed: false,
      skip: (ms) => ms === LAST_LINES_MS,
    })
    expect(await done).toBe('v43')
    expect(time.sleeps).toEqual([LAST_LINES_MS])
  })

  it('that can not be read is no failure', async () => {
    server.script(STREAM, { status: 410 })
    const { done, around } = verifying([phase('succeeded')], { printed: false })
    expect(await done).toBe('v43')
    expect(around.warnings).toEqual([
      expect.stringMatching(/can't be read.*`heroku releases:output v43 --app shop`/),
    ])
  })
})
