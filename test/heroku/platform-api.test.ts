import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { configVar } from '../../src/heroku/config-var.ts'
import { createPlatformApi } from '../../src/heroku/platform-api.ts'
import { appAnswer, buildAnswer, refusalAnswer, releasesAnswer, slugAnswer } from './support/answers.ts'
import { type ApiServer, startApiServer } from './support/api-server.ts'
import { scriptedTime, surroundings } from './support/surroundings.ts'
import { rejection } from './support/world.ts'

const KEY = 'HRKU-5ecre7'
const ATTEMPT_LIMIT_MS = 15_000

let server: ApiServer
beforeEach(async () => {
  server = await startApiServer()
})
afterEach(() => server.close())

function open(over: { app?: string; apiUrl?: string } = {}) {
  const time = scriptedTime((ms) => ms !== ATTEMPT_LIMIT_MS)
  const around = surroundings({ time, random: () => 0.2 })
  const api = createPlatformApi({ app: 'shop', apiUrl: server.url, apiKey: KEY, ...over }, around)
  return { api, time, around, signal: around.signal }
}

describe('what is asked', () => {
  it('is version 3, with the token as bearer and a user agent', async () => {
    const { api, signal } = open()
    server.script('/apps/shop', appAnswer())
    expect(await api.app(signal)).toEqual({
      id: '01234567-89ab-cdef-0123-456789abcdef',
      name: 'shop',
      webUrl: 'https://shop-1a2b3c4d5e6f.herokuapp.com/',
    })
    expect(server.requests[0]?.headers).toMatchObject({
      accept: 'application/vnd.heroku+json; version=3',
      authorization: `Bearer ${KEY}`,
      'user-agent': expect.stringContaining('heroku-deploy-gate'),
    })
  })

  it('is the newest releases first, as many as wanted, whatever order comes back', async () => {
    const { api, signal } = open()
    server.script(
      '/apps/shop/releases',
      releasesAnswer({ version: 1 }, { version: 3, slug: null }, { version: 2 }),
    )
    const releases = await api.releases(2, signal)
    expect(releases.map(({ version, slugId }) => [version, slugId])).toEqual([
      [3, undefined],
      [2, 'slug-2'],
    ])
    expect(server.requests[0]?.headers.range).toBe('version ..; order=desc,max=2')
  })

  it('escapes names, so that no other path is reached', async () => {
    const { api, signal } = open({ app: '../account' })
    await rejection(api.app(signal))
    expect(server.requests[0]?.path).toBe('/apps/..%2Faccount')
  })

  it('reads a slug and the newest build', async () => {
    const { api, signal } = open()
    server.script('/apps/shop/slugs/s', slugAnswer('A'.repeat(40)))
    server.script('/apps/shop/builds', buildAnswer('b', 'pending', 'C0FFEE'))
    expect(await api.slugCommit('s', signal)).toBe('a'.repeat(40))
    const createdAt = Date.parse('2026-01-02T03:04:05Z')
    expect(await api.newestBuild(signal)).toEqual({ id: 'b', status: 'pending', commit: 'c0ffee', createdAt })
    server.script('/apps/shop/builds', { body: [] })
    expect(await api.newestBuild(signal)).toBeUndefined()
  })
})

describe('a passing fault', () => {
  it('is tried again, and the log says so', async () => {
    const { api, around, signal } = open()
    server.script('/apps/shop', { status: 503 }, { status: 502 }, appAnswer())
    expect((await api.app(signal)).name).toBe('shop')
    expect(around.lines).toEqual([
      "Heroku's API answered 503 to GET /apps/shop; trying again in 0.6 s (2 of 5)",
      "Heroku's API answered 502 to GET /apps/shop; trying again in 1.2 s (3 of 5)",
    ])
  })

  it('waits longer each time, with jitter, and ends after five tries', async () => {
    const { api, time, signal } = open()
    server.script('/apps/shop', { status: 500 })
    const error = await rejection(api.app(signal))
    expect(error).toMatchObject({ outcome: 'preflight-failed', status: 500, passing: true })
    expect(error.message).toBe("Heroku's API answered 500 to GET /apps/shop, also when asked again.")
    expect(error.next).toContain('https://status.heroku.com')
    expect(server.requests).toHaveLength(5)
    expect(time.sleeps).toEqual([600, 1_200, 2_400, 4_800])
  })

  it('waits as long as Retry-After says, up to a minute', async () => {
    const { api, time, around, signal } = open()
    const tooMany = (wait: string) => ({ status: 429, headers: { 'Retry-After': wait } })
    server.script('/apps/shop', tooMany('7'), tooMany('86400'), tooMany('soon'), appAnswer())
    await api.app(signal)
    expect(time.sleeps).toEqual([7_000, 60_000, 2_400])
    expect(around.lines[0]).toContain('answered 429 to GET /apps/shop; trying again in 7 s (2 of 5)')
  })

  it('names the calls an hour when 429 does not end', async () => {
    const { api, signal } = open()
    server.script('/apps/shop', { status: 429 })
    const error = await rejection(api.app(signal))
    expect(error.message).toContain('429')
    expect(error.next).toContain('4,500 calls an hour')
  })

  it('is a broken connection', async () => {
    const { api, around, signal } = open()
    server.script('/apps/shop', { instead: 'drop' }, appAnswer())
    await api.app(signal)
    expect(around.lines).toEqual([
      expect.stringMatching(
        /^Heroku's API gave no answer to GET \/apps\/shop \(.+\); trying again in 0.6 s \(2 of 5\)$/,
      ),
    ])
  })

  it('is an answer that does not come in time', async () => {
    const { api, time, around, signal } = open()
    server.script('/apps/shop', { instead: 'silence' }, appAnswer())
    const asked = api.app(signal)
    await server.asked('/apps/shop', 1)
    time.elapse(ATTEMPT_LIMIT_MS)
    expect((await asked).name).toBe('shop')
    expect(around.lines[0]).toContain('(no answer in time)')
  })

  it('that stays says what could not be reached, why, and what to check', async () => {
    const { api, signal } = open({ apiUrl: 'http://127.0.0.1:1' })
    const error = await rejection(api.app(signal))
    expect(error.message).toMatch(/API at http:\/\/127.0.0.1:1 could not be reached .*ECONNREFUSED|bad port/)
    expect(error.next).toMatch(/runner can reach .*status.heroku.com.*set HTTPS_PROXY/)
  })
})

describe('the signal', () => {
  it('ends a wait between two tries at once, with its own reason', async () => {
    const time = scriptedTime(() => false)
    const around = surroundings({ time })
    const api = createPlatformApi({ app: 'shop', apiUrl: server.url, apiKey: KEY }, around)
    server.script('/apps/shop', { status: 503 })
    const asked = rejection(api.app(around.signal))
    await around.logged(/trying again/)
    const reason = new Error('the job was cancelled')
    around.abort(reason)
    expect(await asked).toBe(reason)
    expect(server.requests).toHaveLength(1)
  })

  it('ends a request that is under way', async () => {
    const { api, around, signal } = open()
    server.script('/apps/shop', { instead: 'silence' })
    const asked = rejection(api.app(signal))
    await server.asked('/apps/shop', 1)
    const reason = new Error('the job was cancelled')
    around.abort(reason)
    expect(await asked).toBe(reason)
  })
})

describe('a refusal', () => {
  it("quotes Heroku's own message in one bounded line", async () => {
    const { api, signal } = open()
    server.script('/apps/shop', refusalAnswer(422, 'id', `first\n::error::second${'x'.repeat(9_000)}`))
    const { message } = await rejection(api.app(signal))
    expect(message).not.toContain('\n')
    expect(message.length).toBeLessThan(400)
  })
})

describe('garbage', () => {
  const good = releasesAnswer({ version: 1 }).body[0]
  it.each([
    ['not JSON', '/apps/shop', { raw: '<html>Sign in</html>' }],
    ['null', '/apps/shop', { raw: 'null' }],
    ['a list for an app', '/apps/shop', { body: [] }],
    ['an app without a name', '/apps/shop', { body: { id: 'a', name: 5 } }],
    ['an app without an id', '/apps/shop', { body: { name: 'shop' } }],
    ['an object for releases', '/apps/shop/releases', { body: {} }],
    ['a release without a version', '/apps/shop/releases', { body: [{ ...good, version: '4' }] }],
    ['a release with a status of its own', '/apps/shop/releases', { body: [{ ...good, status: 'maybe' }] }],
    ['more than a MiB', '/apps/shop', { raw: `"${'x'.repeat(1_100_000)}"` }],
  ])('%s is told apart from a fault of Heroku, at once', async (_name, path, answer) => {
    const { api, signal } = open()
    server.script(path, answer)
    const error = await rejection(path.endsWith('releases') ? api.releases(5, signal) : api.app(signal))
    expect(error.outcome).toBe('preflight-failed')
    expect(error.message).toMatch(/is not one of Heroku's API: /)
    expect(error.next).toMatch(/proxy or portal.*HEROKU_API_URL/)
    expect(server.requests).toHaveLength(1)
  })

  it.each([null, 'javascript:alert(1)', 7])('as web URL (%j) is no web URL', async (web_url) => {
    const { api, signal } = open()
    server.script('/apps/shop', { body: { id: 'a', name: 'shop', web_url } })
    expect(await api.app(signal)).toEqual({ id: 'a', name: 'shop' })
  })
})

describe('a config var', () => {
  it('is read', async () => {
    const { api, signal } = open()
    server.script('/apps/shop/config-vars', { body: { REDIS_URL: 'rediss://:pw@h:1', N: 5 } })
    expect(await configVar(api, 'REDIS_URL', signal)).toBe('rediss://:pw@h:1')
  })

  it.each([
    ['CACHE_URL', /shop has no config var CACHE_URL\./],
    ['EMPTY', /config var EMPTY of shop is empty\./],
    ['toString', /no config var toString/],
  ])('%s that is not there is named, with the input that names it', async (name, message) => {
    const { api, signal } = open()
    server.script('/apps/shop/config-vars', { body: { REDIS_URL: 'rediss://:pw@h:1', EMPTY: '' } })
    const error = await rejection(configVar(api, name, signal))
    expect(error).toMatchObject({ outcome: 'preflight-failed' })
    expect(error.message).toMatch(message)
    expect(error.next).toMatch(/`redis-config-var`.*heroku config --app shop.*`redis-url`/)
    expect(error.message + error.next).not.toContain('pw')
  })
})
