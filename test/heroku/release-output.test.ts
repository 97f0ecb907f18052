import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { maskOf } from '../../src/heroku/credentials.ts'
import { createFetch } from '../../src/heroku/http.ts'
import { type OutputCollaborators, streamOutput } from '../../src/heroku/release-output.ts'
import { type ScriptedTime, type Surroundings, scriptedTime, surroundings } from './support/surroundings.ts'
import { startWebProxy } from './support/web-proxy.ts'

const SILENCE_MS = 60_000
const KEY = 'HRKU-5ecre7'
const COMMAND = 'heroku releases:output v43 --app shop'

// Others may be at work on the same machine.
vi.setConfig({ testTimeout: 60_000 })

type Answer = (response: ServerResponse, request: IncomingMessage) => void

/** A server of one output, with its answers in order; the last one is repeated. */
let url: string
let answers: Answer[]
let requests: IncomingMessage[]
let server: ReturnType<typeof createServer>
let time: ScriptedTime
let around: Surroundings
let lines: string[]

beforeEach(async () => {
  answers = []
  requests = []
  lines = []
  server = createServer((request, response) => {
    requests.push(request)
    const answer = answers.length > 1 ? answers.shift() : answers[0]
    answer?.(response, request)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/streams/a?sig=5ignature`
  time = scriptedTime((ms) => ms !== SILENCE_MS)
  around = surroundings({ time, env: {} })
})
afterEach(async () => {
  const closed = once(server, 'close')
  server.close()
  server.closeAllConnections()
  await closed
})

function read(over: Partial<OutputCollaborators> = {}, from = url): Promise<void> {
  return streamOutput(from, { ...around, hide: maskOf(KEY), command: COMMAND, ...over }, (line) =>
    lines.push(line),
  )
}

const whole =
  (text: string): Answer =>
  (response) =>
    response.end(text)
const status =
  (code: number, headers = {}): Answer =>
  (response) =>
    response.writeHead(code, headers).end('not for the log')
/** Breaks off after a text. */
const broken =
  (text: string): Answer =>
  (response, request) =>
    response.write(text, () => request.socket.destroy())

it('gives the output line by line, without secrets, and sends no token', async () => {
  answers = [whole(`Migrating\r\n\n  done with ${KEY} \nwithout an end`)]
  await read()
  expect(lines).toEqual(['Migrating', '  done with ***', 'without an end'])
  expect(around.lines).toEqual([])
  expect(requests.map(({ headers }) => headers.authorization)).toEqual([undefined])
})

it('gives each line when it comes', async () => {
  let send = (_text: string) => {}
  answers = [
    (response) => {
      send = (text) => void (text === '' ? response.end() : response.write(text))
      response.write('one\ntw')
    },
  ]
  const done = read()
  await expect.poll(() => lines, { timeout: 20_000 }).toEqual(['one'])
  send('o\n')
  await expect.poll(() => lines, { timeout: 20_000 }).toEqual(['one', 'two'])
  send('')
  await done
})

it('does not count the zeros that keep the connection as output', async () => {
  answers = [broken('one\n\0\0'), whole('\0one\n\0\n\0two\0\n\0')]
  await read()
  expect(lines).toEqual(['one', 'two'])
})

it('looks again, ever less often, while there is nothing yet', async () => {
  answers = [status(404), status(204), status(404), status(404), status(404), whole('one\n')]
  await read()
  expect(lines).toEqual(['one'])
  expect(time.sleeps).toEqual([1_000, 2_000, 4_000, 5_000, 5_000])
  expect(around.lines).toEqual([])
})

describe('a connection that breaks', () => {
  it('is made again, and no line comes twice, nor in halves', async () => {
    answers = [broken('one\ntwo\nthr'), broken('one\n'), whole('one\ntwo\nthree\nfour\n')]
    await read()
    expect(lines).toEqual(['one', 'two', 'three', 'four'])
    expect(around.lines).toEqual([])
  })

  it('is given up after five times without a new line, with one warning', async () => {
    answers = [broken('one\n')]
    await read()
    expect(lines).toEqual(['one'])
    expect(around.warnings).toEqual([
      expect.stringMatching(
        /^What else the release phase prints can't be read \(.+\); see it with `heroku releases:output v43 --app shop`$/,
      ),
    ])
    expect(requests).toHaveLength(5)
    expect(time.sleeps).toEqual([1_000, 2_000, 4_000, 8_000])
  })

  it('is made again as often as there is something new', async () => {
    const text = [...Array(12).keys()].map((n) => `line ${n}\n`)
    answers = [...text.map((_line, n) => broken(text.slice(0, n + 1).join(''))), whole(text.join(''))]
    await read()
    expect(lines.join('\n')).toBe(text.join('').trimEnd())
    expect(around.warnings).toEqual([])
  })

  it('and an output that is gone by then end in one warning', async () => {
    answers = [broken('one\n'), status(404)]
    await read()
    expect(around.warnings).toEqual([expect.stringContaining('What else the release phase prints')])
    expect(around.warnings[0]).toContain('(it is gone)')
  })
})

it('a connection through which nothing comes is made again, however often', async () => {
  const silent: Answer = (response) => response.write('one\n')
  answers = [...Array(7).fill(silent), whole('one\ntwo\n')]
  let begun = 0
  const fetch: typeof globalThis.fetch = async (...asked) => {
    const response = await createFetch({})(...asked)
    begun++
    return response
  }
  const done = read({ fetch })
  for (let turn = 1; turn <= 7; turn++) {
    await expect.poll(() => begun, { timeout: 20_000 }).toBe(turn)
    // The wait for the answer's head is over by now, and that for its body under way.
    await new Promise((resolve) => setImmediate(resolve))
    await time.asleep(SILENCE_MS)
    time.elapse(SILENCE_MS)
  }
  await done
  expect(lines).toEqual(['one', 'two'])
  expect(around.warnings).toEqual([])
})

describe('what can not be read is no error, but one warning', () => {
  const WARNING =
    /^What the release phase prints can't be read \((.+)\); see it with `heroku releases:output v43 /

  it.each([400, 401, 403, 410, 304])('%i, at once', async (code) => {
    answers = [status(code)]
    await read()
    expect(around.warnings).toEqual([expect.stringMatching(WARNING)])
    expect(around.warnings[0]).toContain(`answered with ${code}`)
    expect(requests).toHaveLength(1)
    expect(lines).toEqual([])
  })

  it.each([429, 500, 503])('%i, when it does not end', async (code) => {
    answers = [status(code)]
    await read()
    expect(around.warnings).toEqual([expect.stringMatching(WARNING)])
    expect(requests).toHaveLength(5)
  })

  it('503 that ends is none', async () => {
    answers = [status(503), whole('one\n')]
    await read()
    expect([lines, around.lines]).toEqual([['one'], []])
  })

  it('no answer, when it does not end', async () => {
    answers = [(_response, request) => request.socket.destroy()]
    await read()
    expect(around.warnings).toEqual([expect.stringMatching(WARNING)])
    expect(requests).toHaveLength(5)
  })

  it.each(['ftp://127.0.0.1/', 'http://example.com/', 'file:///etc/passwd', 'nothing', ''])(
    'an address such as %j, which is not asked',
    async (from) => {
      const asked: unknown[] = []
      await read({ fetch: async (input) => asked.push(input) as never }, from)
      expect(around.warnings).toEqual([expect.stringContaining('not one of https')])
      expect(asked).toEqual([])
    },
  )

  it('a proxy that refuses', async () => {
    const proxy = await startWebProxy({ refuse: 407 })
    await read({ env: { HTTP_PROXY: `http://ada:5ecre7@${proxy.host}` } })
    await proxy.close()
    expect(around.warnings).toEqual([
      expect.stringMatching(/the proxy http:\/\/127\.\S+ \(from HTTP_PROXY\) wants/),
    ])
    expect(around.warnings[0]).not.toContain('5ecre7')
    expect(proxy.asked).toHaveLength(1)
  })

  it('and the warning does not show the address, which gives access', async () => {
    answers = [status(403)]
    await read()
    expect(around.warnings[0]).not.toContain('5ignature')
  })
})

describe('a redirect', () => {
  it('is followed', async () => {
    answers = [status(302, { Location: '/elsewhere' }), whole('one\n')]
    await read()
    expect(lines).toEqual(['one'])
    expect(requests.at(-1)?.url).toBe('/elsewhere')
  })

  it.each(['http://example.com/', 'ftp://127.0.0.1/'])('to %s is not', async (Location) => {
    answers = [status(302, { Location })]
    await read()
    expect(around.warnings).toEqual([expect.stringContaining('not one of https')])
    expect(requests).toHaveLength(1)
  })

  it('without an end is given up', async () => {
    answers = [status(302, { Location: '/' })]
    await read()
    expect(around.warnings).toEqual([expect.stringContaining('redirected without an end')])
    expect(requests).toHaveLength(4)
  })
})

describe('the signal', () => {
  const reason = new Error('the release has failed')

  it('ends the reading at once, with its reason, and the connection', async () => {
    answers = [(response) => response.write('one\n')]
    const done = read()
    await expect.poll(() => lines, { timeout: 20_000 }).toEqual(['one'])
    const closed = requests[0] && once(requests[0].socket, 'close')
    around.abort(reason)
    await expect(done).rejects.toBe(reason)
    await closed
    expect(around.lines).toEqual([])
  })

  it('ends the waiting for it', async () => {
    time = scriptedTime(() => false)
    answers = [status(404)]
    const done = read({ time })
    await time.asleep(1_000)
    around.abort(reason)
    await expect(done).rejects.toBe(reason)
  })
})

it("the consumer's own error is not taken for one of the output", async () => {
  answers = [(response) => response.write('one\n')]
  const broken = streamOutput(url, { ...around, hide: maskOf(KEY), command: COMMAND }, () => {
    throw new Error('no more')
  })
  await expect(broken).rejects.toThrow('no more')
  await expect.poll(() => requests[0]?.socket.destroyed, { timeout: 20_000 }).toBe(true)
})

it('a line without an end is cut', async () => {
  answers = [
    (response) => {
      for (let n = 0; n < 100; n++) response.write('x'.repeat(10_000))
      response.end('\nnext\n')
    },
  ]
  await read()
  expect(lines.map(({ length }) => length)).toEqual([8_192, 4])
})
