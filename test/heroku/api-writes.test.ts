import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createPlatformApi, type PlatformApi } from '../../src/heroku/platform-api.ts'
import { dynoBody, releaseAnswer } from './support/answers.ts'
import { type ApiServer, startApiServer } from './support/api-server.ts'
import { scriptedTime, surroundings } from './support/surroundings.ts'
import { rejection } from './support/world.ts'

const ATTEMPT_LIMIT_MS = 15_000

let server: ApiServer
beforeEach(async () => {
  server = await startApiServer()
})
afterEach(() => server.close())

function open(apiUrl = server.url) {
  const time = scriptedTime((ms) => ms !== ATTEMPT_LIMIT_MS)
  const around = surroundings({ time, random: () => 0.2 })
  const api = createPlatformApi({ app: 'shop', apiUrl, apiKey: 'HRKU-5ecre7' }, around)
  return { api, time, around, signal: around.signal }
}

const sent = () => server.requests.map(({ method, path, body }) => [`${method} ${path}`, JSON.parse(body)])

it('a slug is released again', async () => {
  const { api, signal } = open()
  server.script('POST /apps/shop/releases', releaseAnswer({ version: 44, status: 'pending' }, 201))
  expect(await api.makeRelease('slug-41', 'Rollback to v41', signal)).toMatchObject({
    version: 44,
    status: 'pending',
  })
  expect(sent()).toEqual([['POST /apps/shop/releases', { slug: 'slug-41', description: 'Rollback to v41' }]])
  expect(server.requests[0]?.headers).toMatchObject({
    'content-type': 'application/json',
    accept: 'application/vnd.heroku+json; version=3',
    authorization: 'Bearer HRKU-5ecre7',
  })
})

it('what staging has built is promoted', async () => {
  const { api, signal } = open()
  server.script('POST /pipeline-promotions', { status: 201, body: { id: 'promotion', status: 'pending' } })
  const promotion = { pipelineId: 'p', sourceAppId: 's', targetAppId: 't' }
  expect(await api.promote(promotion, signal)).toBe('promotion')
  const body = { pipeline: { id: 'p' }, source: { app: { id: 's' } }, targets: [{ app: { id: 't' } }] }
  expect(sent()).toEqual([['POST /pipeline-promotions', body]])
})

describe('a one-off dyno', () => {
  const attach_url = 'rendezvous://rendezvous.runtime.heroku.com:5000/5ecre7'

  it('is started to be attached to', async () => {
    const { api, signal } = open()
    server.script('POST /apps/shop/dynos', { status: 201, body: dynoBody('run.7', { attach_url }) })
    const command = { command: 'deploy-gate drain', env: { A: 'b' }, timeToLiveSec: 600, size: 'Basic' }
    expect(await api.runDyno(command, signal)).toEqual({
      id: 'id-run.7',
      name: 'run.7',
      attachUrl: attach_url,
    })
    await api.runDyno({ command: 'true' }, signal)
    const attached = { attach: true, force_no_tty: true }
    expect(sent()).toEqual([
      [
        'POST /apps/shop/dynos',
        { command: 'deploy-gate drain', ...attached, env: { A: 'b' }, time_to_live: 600, size: 'Basic' },
      ],
      ['POST /apps/shop/dynos', { command: 'true', ...attached }],
    ])
  })

  it.each([null, 'nowhere'])('that can not be attached to (%j) is said to be unreadable', async (url) => {
    const { api, signal } = open()
    server.script('POST /apps/shop/dynos', { status: 201, body: dynoBody('run.7', { attach_url: url }) })
    const error = await rejection(api.runDyno({ command: 'true' }, signal))
    expect(error.message).toMatch(/attach_url is not a/)
    expect(error).toMatchObject({ unknown: true, passing: false })
  })

  it('is stopped, asked again until it is, and gone is stopped', async () => {
    const { api, signal } = open()
    const path = '/apps/shop/dynos/run.7/actions/stop'
    server.script(`POST ${path}`, { status: 503 }, { instead: 'drop' }, { status: 202, body: {} })
    await api.stopDyno('run.7', signal)
    expect(sent()).toEqual([
      [`POST ${path}`, {}],
      [`POST ${path}`, {}],
      [`POST ${path}`, {}],
    ])
    await api.stopDyno('run.8', signal)
  })
})

describe('a write that may have been carried out', () => {
  const promotion = { pipelineId: 'p', sourceAppId: 's', targetAppId: 't' }
  const writes: [string, string, (api: PlatformApi, signal: AbortSignal) => Promise<unknown>, RegExp][] = [
    ['makeRelease', '/apps/shop/releases', (api, s) => api.makeRelease('a', 'b', s), /heroku releases --app/],
    ['promote', '/pipeline-promotions', (api, s) => api.promote(promotion, s), /heroku releases --app shop/],
    ['runDyno', '/apps/shop/dynos', (api, s) => api.runDyno({ command: 'c' }, s), /heroku ps --app shop/],
  ]

  it.each(writes)('(%s) is not repeated after 5xx', async (_name, path, write, look) => {
    const { api, signal } = open()
    server.script(`POST ${path}`, { status: 502 })
    const error = await rejection(write(api, signal))
    expect(error).toMatchObject({ unknown: true, passing: false, status: 502 })
    expect(error.message).toContain(`answered 502 to POST ${path}, so whether`)
    expect(error.next).toMatch(look)
    expect(server.requests).toHaveLength(1)
  })

  it.each(writes)('(%s) is not repeated after a broken connection', async (_name, path, write, look) => {
    const { api, signal } = open()
    server.script(`POST ${path}`, { instead: 'drop' })
    const error = await rejection(write(api, signal))
    expect(error).toMatchObject({ unknown: true, passing: false, status: undefined })
    expect(error.next).toMatch(look)
    expect(server.requests).toHaveLength(1)
  })

  it('is not repeated when no answer comes in time', async () => {
    const { api, time, signal } = open()
    server.script('POST /apps/shop/releases', { instead: 'silence' })
    const made = rejection(api.makeRelease('a', 'b', signal))
    await server.asked('/apps/shop/releases', 1)
    time.elapse(ATTEMPT_LIMIT_MS)
    const error = await made
    expect(error).toMatchObject({ unknown: true, passing: false })
    expect(error.message).toMatch(/no answer in time/)
    expect(server.requests).toHaveLength(1)
  })

  it.each([
    ['no JSON', { status: 201, raw: '<html>' }],
    ['no release', { status: 201, body: {} }],
  ])('is not repeated when the answer is %s', async (_name, answer) => {
    const { api, signal } = open()
    server.script('POST /apps/shop/releases', answer)
    const error = await rejection(api.makeRelease('a', 'b', signal))
    expect(error).toMatchObject({ unknown: true, passing: false })
    expect(server.requests).toHaveLength(1)
  })
})

describe('a write that was certainly not carried out', () => {
  it('because of too many calls is repeated when Retry-After says', async () => {
    const { api, time, signal } = open()
    const tooMany = { status: 429, headers: { 'Retry-After': '7' } }
    server.script('POST /apps/shop/releases', tooMany, releaseAnswer({ version: 44 }, 201))
    expect((await api.makeRelease('a', 'b', signal)).version).toBe(44)
    expect(time.sleeps).toEqual([7_000])
  })

  it('because nobody was there is repeated, and then known not to have been', async () => {
    const gone = await startApiServer()
    await gone.close()
    const { api, around, signal } = open(gone.url)
    const error = await rejection(api.makeRelease('a', 'b', signal))
    expect(error).toMatchObject({ unknown: false, passing: true })
    expect(around.lines).toHaveLength(4)
    expect(around.lines[0]).toMatch(/no answer to POST \/apps\/shop\/releases \(.*ECONNREFUSED.*\)/)
  })

  it.each([401, 403, 404, 409, 422])('because it was refused (%i) is not repeated', async (status) => {
    const { api, signal } = open()
    server.script('POST /apps/shop/releases', { status, body: { id: 'x', message: 'No.' } })
    const error = await rejection(api.makeRelease('a', 'b', signal))
    expect(error).toMatchObject({ status, unknown: false, passing: false })
    expect(server.requests).toHaveLength(1)
  })
})
