import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createPlatformApi } from '../../src/heroku/platform-api.ts'
import { INERT } from '../support/hostile.ts'
import {
  buildAnswer,
  couplingAnswer,
  dynoBody,
  formationAnswer,
  promotionTargetsAnswer,
  refusalAnswer,
  releaseAnswer,
} from './support/answers.ts'
import { type ApiServer, startApiServer } from './support/api-server.ts'
import { surroundings } from './support/surroundings.ts'
import { rejection } from './support/world.ts'

let server: ApiServer
beforeEach(async () => {
  server = await startApiServer()
})
afterEach(() => server.close())

function open() {
  const around = surroundings()
  const api = createPlatformApi({ app: 'shop', apiUrl: server.url, apiKey: 'HRKU-5ecre7' }, around)
  return { api, signal: around.signal }
}

it('a release is asked for by its version, with the address of its output', async () => {
  const { api, signal } = open()
  const outputStreamUrl = 'https://release-output.heroku.com/streams/ab/cd?X-Sig=e'
  server.script('/apps/shop/releases/43', releaseAnswer({ version: 43, status: 'pending', outputStreamUrl }))
  expect(await api.release(43, signal)).toEqual({
    ...{ id: 'release-43', version: 43, status: 'pending', current: false },
    ...{ description: 'Deploy', slugId: 'slug-43', outputStreamUrl },
  })
})

it('builds come newest first, as many as wanted, whatever order comes back', async () => {
  const { api, signal } = open()
  const build = (id: string, created_at: string) => ({ ...buildAnswer(id, 'pending').body[0], created_at })
  const body = [build('b', '2026-01-02T00:00:02Z'), build('c', '2026-01-02T00:00:03Z'), build('a', '')]
  server.script('/apps/shop/builds', { status: 206, body })
  expect((await api.builds(2, signal)).map(({ id }) => id)).toEqual(['c', 'b'])
  expect(server.requests[0]?.headers.range).toBe('created_at ..; order=desc,max=2')
})

it('the formation has the types that are scaled to 0', async () => {
  const { api, signal } = open()
  server.script('/apps/shop/formation', formationAnswer({ web: 2, clock: 0 }))
  expect(await api.formation(signal)).toEqual([
    { type: 'web', quantity: 2, command: 'run web' },
    { type: 'clock', quantity: 0, command: 'run clock' },
  ])
})

it('dynos come with their state and the version of their release', async () => {
  const { api, signal } = open()
  const body = [
    dynoBody('clock.1', { state: 'starting' }),
    dynoBody('web.1', { release: {} }),
    dynoBody('run.1', { state: 'hibernating' }),
  ]
  server.script('/apps/shop/dynos', { body })
  expect(await api.dynos(signal)).toEqual([
    { id: 'id-clock.1', name: 'clock.1', type: 'clock', state: 'starting', version: 42 },
    { id: 'id-web.1', name: 'web.1', type: 'web', state: 'up', version: 0 },
    { id: 'id-run.1', name: 'run.1', type: 'run', state: 'hibernating', version: 42 },
  ])
})

it('one dyno is there or not', async () => {
  const { api, signal } = open()
  server.script('/apps/shop/dynos/run.1', { body: dynoBody('run.1') })
  expect(await api.dyno('run.1', signal)).toMatchObject({ name: 'run.1', state: 'up' })
  expect(await api.dyno('run.2', signal)).toBeUndefined()
  server.script('/apps/shop/dynos/run.3', { status: 403, body: {} })
  await expect(api.dyno('run.3', signal)).rejects.toMatchObject({ status: 403 })
  await api.dyno('../../account', signal)
  expect(server.requests.at(-1)?.path).toBe('/apps/shop/dynos/..%2F..%2Faccount')
})

it('an app has its place in a pipeline, or none', async () => {
  const { api, signal } = open()
  expect(await api.pipeline(signal)).toBeUndefined()
  server.script('/apps/shop/pipeline-couplings', couplingAnswer('p', 'production'))
  expect(await api.pipeline(signal)).toEqual({ pipelineId: 'p', stage: 'production' })
})

it('the targets of a promotion tell what became of it', async () => {
  const { api, signal } = open()
  const app = { id: 'a' }
  server.script(
    '/pipeline-promotions/p/promotion-targets',
    promotionTargetsAnswer(
      { app, status: 'pending', release: null, error_message: null },
      { app, status: 'failed', error_message: 'no\nslug' },
      { app, status: 'succeeded', release: { id: 'r' } },
    ),
  )
  expect(await api.promotionTargets('p', signal)).toEqual([
    { appId: 'a', status: 'pending' },
    { appId: 'a', status: 'failed', error: 'no slug' },
    { appId: 'a', status: 'succeeded', releaseId: 'r' },
  ])
})

describe('a list of more than one answer', () => {
  const part = (range: string | undefined, ...names: string[]) => ({
    ...{ status: range ? 206 : 200, headers: range ? { 'Next-Range': range } : {} },
    body: names.map((name) => dynoBody(name)),
  })

  it('is read whole', async () => {
    const { api, signal } = open()
    server.script(
      '/apps/shop/dynos',
      part(']b..; max=2', 'a.1', 'b.1'),
      part(']c..', 'c.1'),
      part(undefined, 'd.1'),
    )
    expect((await api.dynos(signal)).map(({ name }) => name)).toEqual(['a.1', 'b.1', 'c.1', 'd.1'])
    expect(server.requests.map(({ headers }) => headers.range)).toEqual([undefined, ']b..; max=2', ']c..'])
  })

  it('and without an end is left', async () => {
    const { api, signal } = open()
    server.script('/apps/shop/dynos', part(']a..', 'a.1'))
    expect(await api.dynos(signal)).toHaveLength(25)
  })

  it('of which only the newest are wanted is not', async () => {
    const { api, signal } = open()
    server.script('/apps/shop/builds', { status: 206, headers: { 'Next-Range': ']b..' }, body: [] })
    expect(await api.builds(2, signal)).toEqual([])
    expect(server.requests).toHaveLength(1)
  })
})

it.each([
  ['half a character', '\ud83d'],
  ['control characters', 'a\r\n::error::pwned'],
  ['much', 'x'.repeat(1_000)],
])('an id with %s ends in a plain error', async (_name, id) => {
  const { api, signal } = open()
  const path = `/apps/shop/slugs/${encodeURIComponent(id.toWellFormed())}`
  server.script(path, refusalAnswer(404, 'not_found', "Couldn't find that slug."))
  const { message, next } = await rejection(api.slugCommit(id, signal))
  expect(message).toMatch(/^Heroku could not read the slug .* it knows no such slug,/)
  expect(message + next).toMatch(INERT)
  expect(message.length).toBeLessThan(800)
})

describe('garbage', () => {
  const formation = formationAnswer({ clock: 1 }).body[0]
  const dynos = (over: object) => ({ body: [{ ...dynoBody('clock.1'), ...over }] })
  const target = { app: { id: 'a' }, status: 'pending' }
  it.each([
    ['formation', {}, /the answer is not a list/],
    ['formation', [null], /the formation is not an object/],
    ['formation', [{ ...formation, quantity: '1' }], /quantity is not a number/],
    ['formation', [{ ...formation, quantity: -1 }], /quantity is not a number/],
    ['formation', [{ ...formation, quantity: 0.5 }], /quantity is not a number/],
    ['formation', [{ ...formation, type: 'x'.repeat(101) }], /type is not a text of at most 100/],
    ['dynos', dynos({ name: 'x'.repeat(101) }).body, /name is not a text of at most 100/],
    ['dynos', dynos({ name: '\u0000\u0007' }).body, /name is not a text/],
    ['dynos', dynos({ type: null }).body, /type is not a text/],
    ['dynos', dynos({ state: 7 }).body, /state is not a text/],
    ['dynos', dynos({ id: '' }).body, /id is not a text/],
    ['pipeline-couplings', { pipeline: {}, stage: 'staging' }, /the pipeline's id is not a text/],
    ['pipeline-couplings', { pipeline: { id: 'p' } }, /stage is not a text/],
    ['promotion-targets', [{ ...target, app: 'a' }], /app is not an object/],
    ['promotion-targets', [{ ...target, status: 'completed' }], /is none of pending, succeeded, failed/],
  ])('as %s is told apart from a fault of Heroku: %j', async (what, body, reason) => {
    const { api, signal } = open()
    const path = what === 'promotion-targets' ? `/pipeline-promotions/p/${what}` : `/apps/shop/${what}`
    server.script(path, { body })
    const calls: Record<string, () => Promise<unknown>> = {
      formation: () => api.formation(signal),
      dynos: () => api.dynos(signal),
      'pipeline-couplings': () => api.pipeline(signal),
      'promotion-targets': () => api.promotionTargets('p', signal),
    }
    const error = await rejection(calls[what]?.() ?? Promise.resolve())
    expect(error.message).toMatch(/is not one of Heroku's API: /)
    expect(error.message).toMatch(reason)
    expect(server.requests).toHaveLength(1)
  })
})
