import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { checkHealth } from '../../src/deploy/health-check.ts'
import type { HealthCheck } from '../../src/deploy/plan.ts'
import { createFetch } from '../../src/heroku/http.ts'
import { DeployError } from '../../src/outcome.ts'
import { scriptedTime, surroundings } from '../heroku/support/surroundings.ts'
import { rejection } from '../heroku/support/world.ts'
import { LIMIT } from '../participant/support/lines.ts'

const ANSWER_WITHIN_MS = 30_000
const INTERVAL_MS = 5_000

/** Answers in their order; the last one is repeated. */
type Reply = readonly [status: number, body?: string, headers?: Record<string, string>] | RequestListener

let replies: Reply[]
let requests: { readonly path: string; readonly agent: string | undefined }[]
let server: Server
let base: string
beforeEach(async () => {
  requests = []
  replies = [[200, 'ok']]
  server = createServer((request, response) => {
    requests.push({ path: request.url ?? '', agent: request.headers['user-agent'] })
    const reply = (replies.length > 1 ? replies.shift() : replies[0]) ?? [500]
    if (typeof reply === 'function') return reply(request, response)
    const [status, body = '', headers = {}] = reply
    response.writeHead(status, headers).end(body)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterEach(async () => {
  const closed = once(server, 'close')
  server.close()
  server.closeAllConnections()
  await closed
})

/** Waits are by turns for an answer, and between two questions: only these are over at once. */
function betweenQuestions(): (ms: number) => boolean {
  let waits = 0
  return () => waits++ % 2 === 1
}

function checking(
  over: Partial<HealthCheck> = {},
  {
    webUrl = `${base}/`,
    skip = betweenQuestions(),
  }: { webUrl?: string; skip?: (ms: number) => boolean } = {},
) {
  const time = scriptedTime(skip)
  const around = surroundings({ time })
  const check = {
    url: '/healthz',
    statuses: [[200, 200]] as const,
    timeoutMs: 60_000,
    intervalMs: INTERVAL_MS,
    ...over,
  }
  let answers = 0
  const httpFetch = createFetch({})
  const fetch: typeof globalThis.fetch = async (...args) => {
    const answer = await httpFetch(...args)
    answers++
    return answer
  }
  const done = checkHealth(check, webUrl, 'v43', { ...around, fetch })
  return { time, around, done, answers: () => answers }
}

describe('an app is well', () => {
  it('that answers well at once', async () => {
    const { done, around } = checking()
    await done
    expect(requests).toEqual([{ path: '/healthz', agent: 'heroku-deploy-gate' }])
    expect(around.lines).toEqual([`${base}/healthz answers well`])
  })

  it('that answers well after a while; each trouble is told once', async () => {
    replies = [[503, 'booting'], [503, 'booting'], [503, 'booting'], [404], [200]]
    const { done, time, around } = checking()
    await done
    expect(around.lines).toEqual([
      `${base}/healthz answered 503 ("booting"); asking every 5 s`,
      `${base}/healthz answered 404; asking every 5 s`,
      `${base}/healthz answers well, at the 5th time of asking`,
    ])
    expect(time.sleeps).toEqual(Array.from({ length: 4 }, () => INTERVAL_MS))
  })

  it.each([
    [2, '2nd'],
    [3, '3rd'],
    [4, '4th'],
    [11, '11th'],
    [12, '12th'],
    [13, '13th'],
    [21, '21st'],
    [22, '22nd'],
    [111, '111th'],
  ])('at time %i of asking, which is the %s', async (tries, ordinal) => {
    replies = [...Array.from({ length: tries - 1 }, (): Reply => [503]), [200]]
    const { done, around } = checking({ timeoutMs: 3_600_000 })
    await done
    expect(around.lines.at(-1)).toBe(`${base}/healthz answers well, at the ${ordinal} time of asking`)
  })

  it.each([204, 301, 200])('with the status %i, if that is among those that are', async (status) => {
    replies = [[status, '', { location: '/elsewhere' }]]
    await checking({
      statuses: [
        [200, 204],
        [301, 301],
      ],
    }).done
    expect(requests).toHaveLength(1)
  })

  it('with the text that is wanted, wherever it stands', async () => {
    replies = [
      [200, '{"ok": false}'],
      [200, `${'x'.repeat(100_000)}{"ok": true}`],
    ]
    const { done, around } = checking({ body: '"ok": true' })
    await done
    expect(around.lines[0]).toBe(
      `${base}/healthz answered 200, without the text that health-check-body wants ("{"ok": false}"); asking every 5 s`,
    )
  })

  it('at an address of its own', async () => {
    await checking({ url: `${base}/elsewhere` }, { webUrl: '' }).done
    expect(requests.map(({ path }) => path)).toEqual(['/elsewhere'])
  })

  it('whose answer never ends, if it begins well', async () => {
    replies = [
      (_, response) => {
        const write = () => {
          while (!response.destroyed && response.write('x'.repeat(65_536)));
        }
        response.writeHead(200).on('drain', write)
        write()
      },
    ]
    await checking({ body: 'xxx' }).done
  })
})

describe('an app is not well', () => {
  it('that never answers well while there is time', async () => {
    replies = [[500, 'Application error']]
    const { done, time } = checking()
    const error = await rejection(done)
    expect(error).toMatchObject({ outcome: 'health-check-failed' })
    expect(error.message).toBe(
      `v43 is released, but ${base}/healthz did not answer well within 1 min (asked 13 times): at last it answered 500 ("Application error").`,
    )
    expect(error.next).toContain('raise health-check-timeout')
    expect(time.now()).toBe(60_000)
  })

  it('at the end of a time that is shorter than the interval, when it is asked once more', async () => {
    replies = [[503], [500]]
    const { done, time } = checking(
      { timeoutMs: 2_000 },
      { skip: (ms) => ms === 2_000 && requests.length === 1 },
    )
    expect((await rejection(done)).message).toMatch(
      /within 2 s \(asked 2 times\): at last it answered 500\.$/,
    )
    expect(time.now()).toBe(2_000)
  })

  it('that redirects: where to is said', async () => {
    replies = [[301, '', { location: 'https://www.example.com/healthz?key=5ecre7' }]]
    expect((await rejection(checking().done)).message).toMatch(
      /at last it answered 301, a redirect to https:\/\/www\.example\.com\/healthz\.$/,
    )
    expect(requests.every(({ path }) => path === '/healthz')).toBe(true)
  })

  it('that does not answer at all', async () => {
    replies = [(request) => request.socket.destroy()]
    expect((await rejection(checking().done)).message).toMatch(
      /at last it gave no answer \(socket hang up\)\.$/,
    )
  })

  it('that is not there', async () => {
    const { done } = checking({ url: 'http://127.0.0.1:1/' })
    expect((await rejection(done)).message).toMatch(
      /gave no answer \(connect ECONNREFUSED 127\.0\.0\.1:1\)\.$/,
    )
  })

  it.each<[string, RequestListener, { asked: number; begun: number }]>([
    ['is silent', () => {}, { asked: 1, begun: 0 }],
    [
      'stops in the middle',
      (_, response) => void response.writeHead(200).write('begins'),
      { asked: 1, begun: 1 },
    ],
  ])('that %s for longer than the router of Heroku waits', async (_name, reply, { asked, begun }) => {
    replies = [reply, [200]]
    const { done, time, around, answers } = checking()
    await time.asleep(ANSWER_WITHIN_MS)
    await vi.waitFor(() => expect([requests.length, answers()]).toEqual([asked, begun]), LIMIT)
    time.elapse(ANSWER_WITHIN_MS)
    await done
    expect(around.lines[0]).toBe(`${base}/healthz gave no answer (none within 30 s); asking every 5 s`)
  })

  it('that is silent until the time is over', async () => {
    replies = [() => {}]
    const { done, time } = checking({ timeoutMs: 10_000 })
    await time.asleep(10_000)
    time.elapse(10_000)
    expect((await rejection(done)).message).toMatch(
      /within 10 s \(asked once\): at last it gave no answer \(none within 10 s\)\.$/,
    )
  })

  it('without a URL of its own, where only a path is given', async () => {
    const error = await rejection(checking({ url: '/healthz?key=5ecre7' }, { webUrl: '' }).done)
    expect(error).toMatchObject({ outcome: 'health-check-failed' })
    expect(error.message + error.next).not.toContain('5ecre7')
    expect(error.next).toBe('Give the whole address in health-check-url.')
  })
})

describe('what is shown', () => {
  it('holds nothing of the query, not even where the answer repeats it', async () => {
    replies = [
      (request, response) => response.writeHead(404).end(`Cannot GET ${request.url}, key is 5ecre7+x`),
    ]
    const { done, around } = checking({ url: '/healthz?key=5ecre7%2Bx&a=1' })
    const { message } = await rejection(done)
    expect(requests[0]?.path).toBe('/healthz?key=5ecre7%2Bx&a=1')
    expect(message).toContain('answered 404 ("Cannot GET /healthz?***, key is ***")')
    expect(message + around.lines.join()).not.toContain('5ecre7')
  })

  it('is one short line, whatever the answer is', async () => {
    replies = [[500, `\x1b[31m<h1>\n::error::${'x'.repeat(1_000)}`]]
    const { message } = await rejection(checking().done)
    expect(message).toMatch(/answered 500 \("<h1> ::error::x+…"\)\.$/)
    expect(message.length).toBeLessThan(300)
  })
})

describe('a deploy that is stopped', () => {
  const reason = new DeployError('cancelled', 'The job was cancelled.', 'Run it again.')

  it('ends the check while it waits for an answer, with the reason', async () => {
    replies = [() => {}]
    const { done, time, around } = checking()
    const ended = rejection(done)
    await time.asleep(ANSWER_WITHIN_MS)
    around.abort(reason)
    expect(await ended).toBe(reason)
  })

  it('ends the check between two questions, with the reason', async () => {
    replies = [[503]]
    const { done, time, around } = checking({}, { skip: () => false })
    const ended = rejection(done)
    await time.asleep(INTERVAL_MS)
    around.abort(reason)
    expect(await ended).toBe(reason)
  })
})
