import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ApiError } from '../../src/heroku/api-error.ts'
import { createPlatformApi, type PlatformApi } from '../../src/heroku/platform-api.ts'
import { HOSTILE, INERT } from '../support/hostile.ts'
import { refusalAnswer } from './support/answers.ts'
import { type ApiServer, startApiServer } from './support/api-server.ts'
import { scriptedTime, surroundings } from './support/surroundings.ts'
import { rejection } from './support/world.ts'

const KEY = 'HRKU-5ecre7'

let server: ApiServer
beforeEach(async () => {
  server = await startApiServer()
})
afterEach(() => server.close())

function open() {
  const around = surroundings({ time: scriptedTime((ms) => ms !== 15_000), random: () => 0.2 })
  const api = createPlatformApi({ app: 'shop', apiUrl: server.url, apiKey: KEY }, around)
  return { api, signal: around.signal }
}

type Call = [request: string, call: (api: PlatformApi, signal: AbortSignal) => Promise<unknown>]
const APP: Call = ['GET /apps/shop', (api, s) => api.app(s)]
const CONFIG: Call = ['GET /apps/shop/config-vars', (api, s) => api.configVars(s)]
const RELEASE: Call = ['GET /apps/shop/releases/43', (api, s) => api.release(43, s)]
const SLUG: Call = ['GET /apps/shop/slugs/slug-41', (api, s) => api.slugCommit('slug-41', s)]
const DYNOS: Call = ['GET /apps/shop/dynos', (api, s) => api.dynos(s)]
const MAKE: Call = ['POST /apps/shop/releases', (api, s) => api.makeRelease('slug-41', 'Rollback', s)]
const RUN: Call = ['POST /apps/shop/dynos', (api, s) => api.runDyno({ command: 'true' }, s)]
const PROMOTE: Call = [
  'POST /pipeline-promotions',
  (api, s) => api.promote({ pipelineId: 'p', sourceAppId: 's', targetAppId: 't' }, s),
]

async function refused([request, call]: Call, status: number, id = 'id', message = 'It is so.', more = {}) {
  const { api, signal } = open()
  const answer = refusalAnswer(status, id, message)
  server.script(request, { ...answer, body: { ...answer.body, ...more } })
  const error = await rejection(call(api, signal))
  expect(error).toBeInstanceOf(ApiError)
  expect(error).toMatchObject({ outcome: 'preflight-failed', status })
  expect(error.message).toContain(`${status} to ${request}`)
  expect(error.message + error.next).not.toContain(KEY)
  return error
}

describe('a refusal names what was asked, why it failed and what to do', () => {
  it.each<[number, Call, RegExp, RegExp]>([
    [400, APP, /answered 400 .* Heroku says: "It is so\."$/, /Check `heroku-app` \(shop\).*HEROKU_API_URL/],
    [
      401,
      APP,
      /not valid, or it has expired/,
      /heroku authorizations:create.*repository secret.*heroku-api-key/,
    ],
    [401, MAKE, /not valid, or it has expired/, /heroku authorizations:create/],
    [402, RUN, /refuses to start a one-off dyno of shop .* behind with its payments/, /account\/billing/],
    [403, APP, /may not read the app shop .* "It is so\."/, /scope read, write, .* or global: `heroku auth/],
    [403, APP, /may not/, /heroku access:add <email> --app shop/],
    [403, CONFIG, /read the config vars of shop/, /the scope read-protected, write-protected or global:/],
    [
      403,
      MAKE,
      /may not make a release of shop/,
      /scope write, write-protected or global: .*--scope write-prot/,
    ],
    [403, RUN, /may not start a one-off dyno of shop/, /the scope write-protected or global:/],
    [403, PROMOTE, /may not promote to shop/, /`--scope read-protected` one for `dry-run: true`/],
    [404, APP, /no app of the name shop that this token can see/, /spelling of `heroku-app`.*access:add/],
    [
      409,
      MAKE,
      /can't make a release of shop now .*under way.* "It is so\."/,
      /releases --app shop.*run the job/,
    ],
    [
      422,
      RUN,
      /refuses to start a one-off dyno of shop as it was asked .* "It is so\."/,
      /heroku ps --app shop/,
    ],
    [302, APP, /answered 302/, /HEROKU_API_URL/],
  ])('%i to %s', async (status, call, message, next) => {
    const error = await refused(call, status)
    expect(error.message).toMatch(message)
    expect(error.next).toMatch(next)
    expect(error).toMatchObject({ passing: false, unknown: false })
    expect(server.requests).toHaveLength(1)
  })

  it('429 to a write, when it does not end', async () => {
    const error = await refused(MAKE, 429)
    expect(error.message).toMatch(/used up its calls/)
    expect(error.next).toMatch(/4,500 calls an hour/)
    expect(error).toMatchObject({ passing: true, unknown: false })
    expect(server.requests).toHaveLength(5)
  })

  it('5xx to a read, when it does not end', async () => {
    const error = await refused(DYNOS, 503)
    expect(error.message).toMatch(/also when asked again/)
    expect(error).toMatchObject({ passing: true, unknown: false })
  })
})

describe("Heroku's own words tell apart what has the same status", () => {
  it.each<[number, string, string, RegExp, RegExp]>([
    [403, 'suspended', 'No.', /is suspended/, /help\.heroku\.com/],
    [403, 'two_factor', 'No.', /second factor/, /authorizations:create/],
    [403, 'forbidden', 'SSO is required for this team.', /single sign-on/, /heroku login/],
    [
      403,
      'forbidden',
      'Your IP address is not trusted.',
      /address of this runner/,
      /runner within the ranges/,
    ],
    [403, 'forbidden', 'You shipped no tip.', /may not read the dynos/, /needs the scope/],
    [422, 'verification_required', 'No.', /has to be verified first/, /account\/billing/],
  ])('%i %s: %s', async (status, id, words, message, next) => {
    const error = await refused(DYNOS, status, id, words)
    expect(error.message).toMatch(message)
    expect(error.message).toContain(`Heroku says: "${words}"`)
    expect(error.next).toMatch(next)
  })
})

describe('what is missing', () => {
  it.each<[string, Call, object, string, RegExp]>([
    ['the app, by its path', APP, {}, 'No.', /no app of the name shop/],
    ['the app, by the resource', RELEASE, { resource: 'app' }, 'No.', /no app of the name shop/],
    ['the app, by the words', RELEASE, {}, "Couldn't find that app.", /no app of the name shop/],
    [
      'the release, by the words',
      RELEASE,
      {},
      "Couldn't find that release.",
      /v43 of shop .* no such release,/,
    ],
    [
      'the slug, by the resource',
      SLUG,
      { resource: 'slug' },
      'No.',
      /read the slug slug-41 .* no such slug,/,
    ],
    ['the slug to release', MAKE, { resource: 'slug' }, 'No.', /make a release of shop .* no such slug,/],
    ['something', DYNOS, {}, 'No.', /read the dynos of shop .* no such thing,/],
  ])('is %s', async (_name, call, more, words, message) => {
    const error = await refused(call, 404, 'not_found', words, more)
    expect(error.message).toMatch(message)
    expect(error.next).toMatch(/heroku access/)
  })
})

it("what Heroku says is one bounded inert line, whatever it is, and doesn't show the token", async () => {
  for (const [, text] of HOSTILE) {
    const said = `${text.slice(0, 50_000)} Bearer ${KEY} ${Buffer.from(`heroku:${KEY}`).toString('base64')}`
    const { message, next } = await refused(DYNOS, 403, said, said, { resource: said })
    expect(message).toMatch(INERT)
    expect(message.length).toBeLessThan(600)
    expect(next).toMatch(INERT)
    const missing = await refused(DYNOS, 404, said, said, { resource: said })
    expect(missing.message).toMatch(INERT)
    expect(missing.message.length).toBeLessThan(600)
  }
})

it.each([null, 7, [], '"text"', { message: { a: 1 } }])(
  'an error answer of %j says nothing',
  async (body) => {
    const { api, signal } = open()
    server.script('/apps/shop', { status: 403, body })
    const error = await rejection(api.app(signal))
    expect(error.message).toBe(
      'The token in `heroku-api-key` may not read the app shop (403 to GET /apps/shop).',
    )
  },
)
