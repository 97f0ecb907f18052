import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Build } from '../../src/heroku/api-answers.ts'
import { createPlatformApi } from '../../src/heroku/platform-api.ts'
import { awaitBuild, runningBuild, runningBuildError } from '../../src/heroku/running-build.ts'
import { buildAnswer, refusalAnswer } from './support/answers.ts'
import { type ApiServer, startApiServer } from './support/api-server.ts'
import { scriptedTime, surroundings } from './support/surroundings.ts'
import { rejection } from './support/world.ts'

const LOOK_AGAIN_MS = 5_000
const COMMIT = '1a2b3c4d'.padEnd(40, '0')
const OTHER = '5e6f7a8b'.padEnd(40, '0')
const TODAY = Date.parse('2026-01-02T03:04:05Z')
const MINUTE_MS = 60_000

const build = (id: string, over: Partial<Build> = {}): Build => ({
  id,
  status: 'pending',
  commit: COMMIT,
  createdAt: TODAY - 40_000,
  ...over,
})

describe('the build that is under way', () => {
  it.each([
    ['none', [], undefined],
    ['none, when all have ended', [build('a', { status: 'succeeded' }), build('b', { status: 'failed' })]],
    ['the pending one behind one that failed', [build('b', { status: 'failed' }), build('a')], 'a'],
    ['the newest', [build('a', { createdAt: TODAY - 9 }), build('b', { createdAt: TODAY - 8 })], 'b'],
    ['one that may still end', [build('a', { createdAt: TODAY - 20 * MINUTE_MS })], 'a'],
    ['none, when it is older than any build', [build('a', { createdAt: TODAY - 20 * MINUTE_MS - 1 })]],
    ["one that has begun in the runner's future", [build('a', { createdAt: TODAY + 3_000 })], 'a'],
    ['none of which it is not known when it began', [{ id: 'a', status: 'pending' }]],
  ] as const)('is %s', (_name, builds, id = undefined) => {
    expect(runningBuild(builds, TODAY)?.id).toBe(id)
  })

  it.each([
    ['a commit', build('a'), '1a2b3c4d'],
    ['another version', build('a', { commit: 'v1.3\n::error::x' }), 'v1.3 ::error::x'],
    ['its id', { id: 'a', status: 'pending', createdAt: TODAY - 40_000 }, 'build a'],
  ] as const)('is refused by %s, when nobody is to wait', (_name, running, name) => {
    const error = runningBuildError('shop', running, TODAY)
    expect(error).toMatchObject({ outcome: 'preflight-failed' })
    expect(error.message).toContain(`Heroku is building ${name} for shop already (began 40 s ago), and`)
    expect(error.next).toMatch(/on-running-build: wait.*`concurrency` group/)
  })
})

describe('waiting for it', { timeout: 20_000 }, () => {
  let server: ApiServer
  beforeEach(async () => {
    server = await startApiServer()
  })
  afterEach(() => server.close())

  /** The newest builds as the API has them, at one look. */
  const look = (...builds: readonly Build[]) => ({
    status: 206,
    body: builds.map(({ id, status, commit, createdAt = 0 }) => ({
      ...buildAnswer(id, status, commit).body[0],
      created_at: new Date(createdAt).toISOString(),
    })),
  })

  function open(skip: (ms: number) => boolean = (ms) => ms === LOOK_AGAIN_MS) {
    const time = scriptedTime(skip)
    const around = surroundings({ time })
    const api = createPlatformApi({ app: 'shop', apiUrl: server.url, apiKey: 'HRKU-ada' }, around)
    return { api, time, around, by: { ...around, date: () => TODAY } }
  }

  it('looks every 5 s, and ends when it has ended', async () => {
    const { api, time, around, by } = open()
    server.script('/apps/shop/builds', look(build('a')), look(build('a', { status: 'failed' })))
    await awaitBuild(api, build('a'), by)
    expect(time.sleeps).toEqual([LOOK_AGAIN_MS, LOOK_AGAIN_MS])
    expect(around.lines).toEqual([
      'Heroku is building 1a2b3c4d for shop already (began 40 s ago): waiting for it',
      'Heroku builds nothing for shop any more (waited for 10 s)',
    ])
  })

  it('says so every minute', async () => {
    const { api, around, by } = open()
    const pending = Array.from({ length: 25 }, () => look(build('a')))
    server.script('/apps/shop/builds', ...pending, look())
    await awaitBuild(api, build('a'), by)
    expect(around.lines.slice(1, -1)).toEqual([
      'Heroku is still building 1a2b3c4d for shop (began 1 min 40 s ago)',
      'Heroku is still building 1a2b3c4d for shop (began 2 min 40 s ago)',
    ])
  })

  it('goes on when another one has begun meanwhile', async () => {
    const { api, around, by } = open()
    const next = build('b', { commit: OTHER, createdAt: TODAY + 4_000 })
    server.script('/apps/shop/builds', look(next, build('a', { status: 'succeeded' })), look())
    await awaitBuild(api, build('a'), by)
    expect(around.lines[1]).toBe(
      'Heroku is building 5e6f7a8b for shop already (began 1 s ago): waiting for it',
    )
  })

  it('ends when it is older than any build', async () => {
    const { api, time, by } = open()
    server.script('/apps/shop/builds', look(build('a', { createdAt: TODAY - 19 * MINUTE_MS })))
    await awaitBuild(api, build('a', { createdAt: TODAY - 19 * MINUTE_MS }), by)
    expect(time.now()).toBe(MINUTE_MS + LOOK_AGAIN_MS)
  })

  it('ends with the error when the builds can not be read', async () => {
    const { api, by } = open()
    server.script('/apps/shop/builds', refusalAnswer(403, 'forbidden', 'You do not have access.'))
    expect(await rejection(awaitBuild(api, build('a'), by))).toMatchObject({ status: 403 })
  })

  it('can be cancelled, with the reason', async () => {
    const { api, time, around, by } = open(() => false)
    const waiting = rejection(awaitBuild(api, build('a'), by))
    await time.asleep(LOOK_AGAIN_MS)
    const reason = new Error('cancelled')
    around.abort(reason)
    expect(await waiting).toBe(reason)
    expect(server.requests).toEqual([])
  })
})
