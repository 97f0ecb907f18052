import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { describeAsker, readAsker } from '../../src/gate/asker.ts'
import { busy } from '../../src/gate/complaint.ts'
import { Lists } from '../../src/gate/list/lists.ts'
import { ListProgress } from '../../src/gate/list/progress.ts'
import * as api from '../../src/heroku/api-answers.ts'
import { refusal } from '../../src/heroku/api-refusal.ts'
import { readDynos, readFormation, readOneOffDyno } from '../../src/heroku/dyno-answers.ts'
import {
  readPipelineCoupling,
  readPromotion,
  readPromotionTargets,
} from '../../src/heroku/pipeline-answers.ts'
import { createPlatformApi } from '../../src/heroku/platform-api.ts'
import { exchange } from '../../src/protocol/announced.ts'
import { beat } from '../../src/protocol/beat.ts'
import { commit } from '../../src/protocol/commit.ts'
import { acquire, finish, force, renew } from '../../src/protocol/drain.ts'
import { gateKeys } from '../../src/protocol/keys.ts'
import { look } from '../../src/protocol/look.ts'
import { ReplyError } from '../../src/protocol/reply.ts'
import { FORGOTTEN_MS, type OwnRow, parseRow } from '../../src/protocol/row.ts'
import type { ScriptHost } from '../../src/protocol/script.ts'
import { scriptedTime } from '../heroku/support/surroundings.ts'
import { INERT } from '../support/hostile.ts'
import { anyJson, anyText, objectOf, thrownBy } from './support.ts'

const moment = fc.integer({ min: 0, max: 2e12 })
const anyRow = objectOf({
  ...{ v: fc.constantFrom('1', '2'), type: fc.constant('clock'), dyno: fc.constant('clock.1') },
  ...{ state: fc.constantFrom('running', 'drained'), joined: moment, seen: moment, until: moment },
  ...{ running: fc.nat(), finished: fc.nat(), stored: fc.nat(), hold: moment, note: anyText, epoch: anyText },
})

it('a row is a row or nothing, with texts and times that have an end', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        anyRow.map((row) => JSON.stringify(row)),
        anyText,
      ),
      (text) => {
        const row = parseRow('id', text)
        if (row === undefined) return
        for (const value of Object.values(row)) {
          if (typeof value === 'string') expect(value.length).toBeLessThanOrEqual(200)
          else expect(Number.isFinite(value) && value >= 0).toBe(true)
        }
        expect(row.until).toBeLessThanOrEqual(row.seen + FORGOTTEN_MS)
        // What is read is what would be read of it again.
        expect(parseRow('id', JSON.stringify(row))).toEqual(row)
      },
    ),
    { numRuns: 1_000 },
  )
})

it('an asker has a description with an end, whatever it says', () => {
  const asker = objectOf({
    name: anyText,
    runUrl: anyText,
    commit: anyText,
    app: anyText,
    holds: fc.boolean(),
  })
  fc.assert(
    fc.property(
      fc.oneof(
        asker.map((one) => JSON.stringify(one)),
        anyText,
      ),
      fc.double(),
      (text, leftMs) => {
        expect(describeAsker(text).length).toBeLessThan(700)
        expect(
          Object.keys(readAsker(text)).every((name) => /^(name|app|commit|runUrl|holds)$/.test(name)),
        ).toBe(true)
        expect(busy(text, leftMs).outcome).toBe('busy')
      },
    ),
    { numRuns: 1_000 },
  )
})

describe('whatever a script answers', () => {
  const keys = gateKeys('default')
  const owner = { id: 'a', epoch: '1' }
  const asked = new Map([['clock', 1]])
  const word = fc.oneof(
    fc.constantFrom(
      'granted',
      'busy',
      'done',
      'late',
      'lost',
      'blocked',
      'renewed',
      'forced',
      'finished',
      'version',
    ),
    fc.constantFrom<unknown>(
      'seen',
      'asked',
      'unfit',
      'draining',
      'released',
      '',
      '1',
      null,
      undefined,
      [],
      ['x'],
      true,
    ),
    ...[anyText, fc.integer(), fc.double(), fc.array(anyText, { maxLength: 5 })],
  )
  const anyReply = fc.oneof(
    { weight: 5, arbitrary: fc.array(word, { maxLength: 12 }) },
    anyJson,
    fc.constant(undefined),
  )
  const lists = (host: ScriptHost) =>
    new Lists(host, 'default', { requestKey: 'a', responseKey: 'b', message: 'c', resumeMessage: '' }, 'a')
  const terms = { marginMs: 1, pushLeaseMs: 1, asked }
  const request = { id: 'a', leaseMs: 1, notAfter: 1, asker: '', replaces: '', asked }

  it.each<[string, (host: ScriptHost) => Promise<unknown>]>([
    ['beat', (host) => beat(host, keys, 'x', {} as OwnRow, 1, true)],
    ['look', (host) => look(host, keys)],
    ['acquire', (host) => acquire(host, keys, request)],
    ['commit', (host) => commit(host, keys, owner, terms)],
    ['renew', (host) => renew(host, keys, owner, 1)],
    ['force', (host) => force(host, keys, owner)],
    ['finish', (host) => finish(host, keys, owner, 'aborted')],
    ['exchange', (host) => exchange(host, keys, { before: '', after: '', lifeMs: 1 })],
    ['list ask', (host) => lists(host).ask({ leaseMs: 1, notAfter: 1, asker: '', count: 1 })],
    ['list look', (host) => lists(host).look()],
    ['list renew', (host) => lists(host).renew(1)],
    ['list withdraw', (host) => lists(host).withdraw()],
    ['list finish', (host) => lists(host).finish('aborted')],
    ['list count', (host) => lists(host).waiting('x')],
  ])('%s understands it, or says that it does not', async (_name, call) => {
    await fc.assert(
      fc.asyncProperty(anyReply, async (reply) => {
        const host: ScriptHost = { evalsha: async () => reply, eval: async () => reply }
        const error = await call(host).then(
          () => undefined,
          (reason: unknown) => reason,
        )
        if (error === undefined) return
        expect(error).toBeInstanceOf(ReplyError)
        expect((error as Error).message.length).toBeLessThan(400)
      }),
      { numRuns: 400 },
    )
  })

  it('of the lists is followed with lines that have an end', () => {
    const count = fc.oneof(fc.nat({ max: 5 }), fc.integer(), fc.double(), fc.constant(1e15))
    const view = fc.record({
      ...{ kind: fc.constant('seen' as const), asked: count, taken: count, answered: count, early: count },
      texts: fc.array(anyText, { maxLength: 100 }),
    })
    fc.assert(
      fc.property(fc.array(view, { maxLength: 4 }), (views) => {
        const progress = new ListProgress(['clock'], 3)
        const lines = views.flatMap((one, at) => progress.update(one, at))
        expect(progress.participants.length).toBeLessThanOrEqual(3)
        expect(lines.length).toBeLessThanOrEqual(1_000 + 3 + 3)
        for (const line of lines) expect(line.length).toBeLessThan(1_500)
      }),
    )
  })
})

describe('whatever the API answers', () => {
  const id = fc.oneof(fc.uuid(), anyText)
  const release = objectOf({
    ...{ id, version: fc.nat({ max: 1e6 }), status: fc.constantFrom('pending', 'succeeded', 'failed') },
    ...{ current: fc.boolean(), description: anyText, slug: objectOf({ id }) },
  })
  const build = objectOf({
    ...{ id, status: fc.constantFrom('pending', 'succeeded', 'failed'), created_at: anyText },
    source_blob: objectOf({ version: anyText }),
  })

  const quantity = fc.oneof(fc.nat({ max: 5 }), fc.double())
  const formation = objectOf({ type: fc.oneof(fc.constant('clock'), anyText), quantity, command: anyText })
  const dyno = objectOf({
    ...{ id, name: fc.oneof(fc.constant('clock.1'), anyText), type: fc.oneof(fc.constant('clock'), anyText) },
    ...{ state: fc.oneof(fc.constant('up'), anyText), release: objectOf({ version: fc.nat() }) },
    attach_url: fc.oneof(fc.constant('rendezvous://h:5000/secret'), anyText),
  })
  const target = objectOf({
    ...{ app: objectOf({ id }), status: fc.constantFrom('pending', 'succeeded', 'failed') },
    ...{ release: objectOf({ id }), error_message: anyText },
  })

  it.each<[string, (value: unknown) => unknown, fc.Arbitrary<unknown>]>([
    ['of an app', api.readApp, objectOf({ id, name: anyText, web_url: fc.oneof(fc.webUrl(), anyText) })],
    ['of releases', (value) => api.readReleases(value, 25), fc.array(release, { maxLength: 30 })],
    [
      'of a slug',
      api.readSlugCommit,
      objectOf({ commit: fc.oneof(fc.stringMatching(/^[0-9a-f]{40}$/), anyText) }),
    ],
    ['of builds', (value) => api.readBuilds(value, 10), fc.array(build, { maxLength: 5 })],
    ['of a formation', readFormation, fc.array(formation, { maxLength: 5 })],
    ['of dynos', readDynos, fc.array(dyno, { maxLength: 5 })],
    ['of a one-off dyno', readOneOffDyno, dyno],
    ['of a pipeline', readPipelineCoupling, objectOf({ pipeline: objectOf({ id }), stage: anyText })],
    ['of a promotion', readPromotion, objectOf({ id })],
    ['of its targets', readPromotionTargets, fc.array(target, { maxLength: 5 })],
    ['of config vars', api.readConfigVars, fc.dictionary(anyText, anyJson)],
  ])('%s is read, or said not to be readable', (_name, read, right) => {
    fc.assert(
      fc.property(fc.oneof({ weight: 4, arbitrary: right }, anyJson), (value) => {
        const error = thrownBy(() => read(value))
        if (error !== undefined) expect(error).toBeInstanceOf(api.UnreadableAnswerError)
      }),
      { numRuns: 500 },
    )
  })

  const rightRelease = fc.record({
    ...{ id, version: fc.nat({ max: 1e6 }).map((one) => one + 1), status: fc.constant('pending') },
    ...{ current: fc.boolean(), description: anyText },
    slug: fc.record({ id: fc.oneof(id, fc.constant('x'.repeat(1_001))) }),
  })

  it('a release has a description of one short line, and at most as many are there as were asked for', () => {
    fc.assert(
      fc.property(
        fc.array(rightRelease, { maxLength: 30 }),
        fc.integer({ min: 1, max: 25 }),
        (value, max) => {
          const releases = thrownBy(() => api.readReleases(value, max)) ? [] : api.readReleases(value, max)
          expect(releases.length).toBeLessThanOrEqual(max)
          for (const { description, slugId = '', id: own } of releases) {
            expect(description.length).toBeLessThanOrEqual(200)
            expect(description).not.toMatch(/\p{Cc}/u)
            expect(Math.max(slugId.length, own.length)).toBeLessThanOrEqual(1_000)
          }
          const versions = releases.map(({ version }) => version)
          expect(versions).toEqual([...versions].sort((a, b) => b - a))
        },
      ),
    )
  })

  it('names of dynos and types, and reasons of promotions, are each one short line', () => {
    const texts = fc.oneof(anyText, fc.string({ minLength: 1, maxLength: 100 }))
    fc.assert(
      fc.property(texts, (text) => {
        const dyno = { id: 'a', name: text, type: text, state: text }
        const target = { app: { id: 'a' }, status: 'failed', error_message: text }
        const [read = { name: 'x', type: 'x', state: 'x' }] = thrownBy(() => readDynos([dyno]))
          ? []
          : readDynos([dyno])
        for (const shown of [read.name, read.type, read.state]) {
          expect(shown).toMatch(INERT)
          expect(shown.length).toBeLessThanOrEqual(100)
          expect(shown).not.toBe('')
        }
        const { error = '' } = readPromotionTargets([target])[0] ?? {}
        expect(error).toMatch(INERT)
        expect(error.length).toBeLessThanOrEqual(200)
      }),
      { numRuns: 500 },
    )
  })

  it('a link is one of the web', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.webUrl(),
          anyText,
          anyText.map((text) => `javascript:${text}`),
        ),
        (web_url) => {
          const { webUrl = 'https://x/' } = api.readApp({ id: 'a', name: 'shop', web_url })
          expect(webUrl).toMatch(/^https?:\/\/[\x21-\x7e]+$/)
        },
      ),
    )
  })

  it('a refusal is told in an end, for every status', () => {
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 999 }), anyText, anyText, (status, one, other) => {
        const [app, apiUrl, path] = ['shop', 'https://api.heroku.com', '/apps/shop']
        const read = {
          method: 'GET',
          doing: 'read the app shop',
          scope: 'read',
          once: false,
          look: '',
        } as const
        const asked = { app, apiUrl, path, ...read }
        const said = { id: api.plain(other), message: api.plain(one), resource: api.plain(other) }
        const error = refusal(status, said, asked)
        expect(error.message.length).toBeLessThan(800)
        expect(error.passing).toBe(status === 429 || status >= 500)
      }),
    )
  })

  it('an answer without an end is given up, and the rest of it is not read', async () => {
    let sent = 0
    const piece = new Uint8Array(65_536).fill(0x20)
    const endless = () =>
      new ReadableStream({
        pull(controller) {
          sent += piece.length
          controller.enqueue(piece)
        },
      })
    const client = createPlatformApi(
      { app: 'shop', apiUrl: 'https://api.example', apiKey: 'key' },
      {
        log: { info: () => {}, warning: () => {} },
        time: scriptedTime(() => true),
        fetch: async () => new Response(endless()),
        env: {},
      },
    )
    await expect(client.app(new AbortController().signal)).rejects.toThrow('longer than 1 MiB')
    expect(sent).toBeLessThan(2 * 1_048_576)
  })
})
