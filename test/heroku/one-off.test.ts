import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ApiError } from '../../src/heroku/api-error.ts'
import { type OneOffCommand, openInDyno, runInDyno } from '../../src/heroku/one-off.ts'
import type { Time } from '../../src/time.ts'
import { settle } from '../support/manual-time.ts'
import { type Authority, createAuthority } from './support/authority.ts'
import { type ScriptedApi, scriptedApi } from './support/one-off-api.ts'
import { type RendezvousServer, type ServerEnd, startRendezvousServer } from './support/rendezvous-server.ts'
import { type ScriptedTime, type Surroundings, scriptedTime, surroundings } from './support/surroundings.ts'
import { rejection } from './support/world.ts'

const LOOK_MS = 30_000
const STOP_LIMIT_MS = 5_000
const SECRET = 'c1ae5f0e-secret'
const GONE = undefined

let authority: Authority
let server: RendezvousServer
let api: ScriptedApi
let time: ScriptedTime
let around: Surroundings
let shown: string[]
const show = (line: string) => {
  shown.push(line)
  around.log.info(`| ${line}`)
}

beforeAll(() => {
  authority = createAuthority()
})
afterAll(() => authority.end())
beforeEach(async () => {
  server = await startRendezvousServer(authority.certificate)
  api = scriptedApi(server.url(SECRET))
  time = scriptedTime(() => false)
  around = surroundings({ env: {}, time })
  shown = []
})
afterEach(() => server.close())

function run(command: Partial<OneOffCommand> = {}) {
  const running = runInDyno(api, { command: 'rake drain', ...command }, around, show)
  running.catch(() => {})
  return running
}

/** Runs, and has the dyno take the other end. */
async function joined(command: Partial<OneOffCommand> = {}) {
  const running = run(command)
  const far = await server.attached(SECRET)
  await far.send('rendezvous\r\n')
  await around.logged(/^run\.1234 is attached$/)
  return { running, far }
}

/** Does what the dyno does with the command it was started with: a shell runs it, on the connection. */
async function asDyno(far: ServerEnd) {
  const child = spawn('/bin/sh', ['-c', 'exec 2>&1; exec bash -c "$0"', api.started[0]?.command ?? ''], {
    env: { PATH: process.env.PATH ?? '', HOME: '/nowhere', ...api.started[0]?.env },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  child.stdout.on('data', (piece: Buffer) => void far.send(piece))
  await once(child, 'close')
}

/** The marker's bytes with this code, as the started command prints them. */
async function marker(code: number): Promise<string> {
  const line = /printf .*?\$1"/.exec(api.started[0]?.command ?? '')?.[0] ?? ''
  const child = spawn('/bin/bash', ['-c', line, 'bash', String(code)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  child.stdout.setEncoding('utf8')
  const pieces: string[] = []
  child.stdout.on('data', (piece) => void pieces.push(piece))
  await once(child, 'close')
  return pieces.join('')
}

/** Lets the 30 s until the next look at the dyno pass. */
async function look() {
  await time.asleep(LOOK_MS)
  time.elapse(LOOK_MS)
}

describe('a command in a one-off dyno', { timeout: 20_000 }, () => {
  it('runs, shows its output, and tells its exit code', async () => {
    const { running, far } = await joined({ command: 'echo "it\'s one"; echo two >&2; exit 3' })
    await asDyno(far)
    expect(await running).toEqual({ dyno: 'run.1234', code: 3 })
    expect(shown).toEqual(["it's one", 'two'])
    await far.closed
    expect(api.stopped).toEqual([])
    expect(around.warnings).toEqual([])
  })

  it('leaves nothing going on when it has ended', async () => {
    let sleeping = 0
    const counted: Time = {
      now: time.now,
      async sleep(ms, signal) {
        sleeping += 1
        await time.sleep(ms, signal).finally(() => {
          sleeping -= 1
        })
      },
    }
    around = surroundings({ env: {}, time: counted })
    const opening = openInDyno(api, { command: 'rake drain' }, around, show)
    const far = await server.attached(SECRET)
    await far.send('rendezvous\r\n')
    const session = await opening
    expect(sleeping).toBe(1)
    await far.send(await marker(0))
    await session.ended
    await far.closed
    await settle()
    expect(sleeping).toBe(0)
    expect(api.questions()).toBe(0)
  })

  it('is started with what was asked for, and nothing else', async () => {
    const { running, far } = await joined({
      command: 'echo "for $FOR"',
      env: { FOR: 'her' },
      timeToLiveSec: 600,
      size: 'standard-1x',
      mask: ['something'],
    })
    await asDyno(far)
    await running
    expect(shown).toEqual(['for her'])
    const { command, ...rest } = api.started[0] ?? {}
    expect(command).toContain('echo "for $FOR"')
    expect(rest).toEqual({ env: { FOR: 'her' }, timeToLiveSec: 600, size: 'standard-1x' })
  })

  it('tells what goes on until the dyno is there', async () => {
    const running = run()
    const far = await server.attached(SECRET)
    expect(around.lines).toEqual(['run.1234 is starting'])
    await look()
    await around.logged(/^run\.1234 is still starting after 30 s$/)
    await far.send('rendezvous\r\n')
    await around.logged(/^run\.1234 is attached$/)
    await far.send(await marker(0))
    expect(await running).toEqual({ dyno: 'run.1234', code: 0 })
  })

  it('may be silent for hours', async () => {
    const { running, far } = await joined()
    for (let looks = 1; looks <= 400; looks++) {
      await look()
      await api.asked(looks)
    }
    expect(time.now()).toBeGreaterThan(3 * 3_600_000)
    await far.send(await marker(4))
    expect((await running).code).toBe(4)
    expect(around.lines.filter((line) => /starting/.test(line))).toEqual(['run.1234 is starting'])
  })

  it.each([
    ['each byte by itself', (text: string) => [...text]],
    ['right behind a line without its end', (text: string) => [`unended${text}`]],
    ['with the line ends of a terminal', (text: string) => [text.replaceAll('\n', '\r\n')]],
    ['without the last line end', (text: string) => [text.trimEnd()]],
    ['behind a megabyte without a line break', (text: string) => ['x'.repeat(1_048_576), text]],
    ['with output behind it', (text: string) => [`${text}of a process that was left behind\n`]],
  ])('is understood when the marker comes %s', async (_name, pieces) => {
    const { running, far } = await joined()
    for (const piece of pieces(await marker(7))) await far.send(piece)
    far.end()
    expect(await running).toEqual({ dyno: 'run.1234', code: 7 })
    expect(shown.join('\n')).toMatch(/^(|unended|x{1999}…)$/)
  })

  it('cannot pass its own output for the marker', async () => {
    const { running, far } = await joined()
    await far.send(`${api.started[0]?.command}\n`)
    await far.send('0123456789abcdef0123456789abcdef 0;\n￿ heroku-command-exit-status: 0\n')
    await far.send(await marker(5))
    expect((await running).code).toBe(5)
    expect(shown).toHaveLength(3)
  })

  it('shows plain lines', async () => {
    const { running, far } = await joined()
    await far.send('\u001b[32mgreen\u001b[0m\r\n\u0007bell\u0000\n   \n\u001b]0;title\u0007titled\n')
    await far.send(await marker(0))
    await running
    expect(shown).toEqual(['green', ' bell', 'titled'])
  })

  it('shows no secret', async () => {
    const mask = ['s3cret', 's3cret-and-more', 'first line\nsecond line\n', '']
    const { running, far } = await joined({ mask })
    await far.send(
      'a s3cret-and-more, s3cret s3\u001b[1mcret\nfirst line\nhas second line twice: second line\n',
    )
    await far.send(`${'x'.repeat(1_995)}s3cret\nattached by ${SECRET}\n`)
    await far.send(await marker(0))
    await running
    expect(shown).toEqual([
      'a ***, *** ***',
      '***',
      'has *** twice: ***',
      `${'x'.repeat(1_995)}***`,
      'attached by ***',
    ])
    expect(around.lines.join('\n')).not.toContain(SECRET)
  })
})

describe('a command of which nobody knows how it ended', { timeout: 20_000 }, () => {
  const BROKE_OFF = 'The connection to run.1234 broke off before it told how its command ended'

  it('has failed when the connection ends and the dyno is gone', async () => {
    const { running, far } = await joined()
    api.looks(GONE)
    await far.send('half a line')
    far.end()
    const error = await rejection(running)
    expect(error).toMatchObject({ outcome: 'failed', message: `${BROKE_OFF}. The dyno is gone.` })
    expect(error.next).toContain('heroku logs --dyno run.1234 --app shop')
    expect(shown).toEqual(['half a line'])
    expect(api.stopped).toEqual([])
  })

  it('has failed when the dyno has crashed', async () => {
    const { running, far } = await joined()
    api.looks('crashed')
    far.end()
    expect((await rejection(running)).message).toBe(`${BROKE_OFF}. The dyno is gone.`)
  })

  it('has failed, with the cause, when its time to live is over', async () => {
    const { running, far } = await joined({ timeToLiveSec: 60 })
    await look()
    await api.asked(1)
    await look()
    await api.asked(2)
    api.looks(GONE)
    far.end()
    expect((await rejection(running)).message).toBe(
      `${BROKE_OFF}. The dyno is gone: its time to live of 1 min was over.`,
    )
  })

  it('has failed, and its dyno is stopped, when the connection breaks', async () => {
    const { running, far } = await joined()
    far.destroy()
    expect((await rejection(running)).message).toBe(
      `${BROKE_OFF} (read ECONNRESET). The dyno was still running, and is stopped.`,
    )
    expect(api.stopped).toEqual(['run.1234'])
    expect(server.connections()).toBe(1)
  })

  it('has failed, and its dyno is stopped, when the API does not tell either', async () => {
    const { running, far } = await joined()
    api.looks(new ApiError({ status: 503, passing: true }, 'The API is unwell.', 'Wait.'))
    far.end()
    expect((await rejection(running)).message).toBe(`${BROKE_OFF}. Nor does Heroku tell: The API is unwell.`)
    expect(api.stopped).toEqual(['run.1234'])
  })

  it('has failed when the dyno is gone for two looks while the connection seems to be there', async () => {
    const { running, far } = await joined()
    await far.send('a line\nhalf a line')
    await around.logged(/^\| a line$/)
    api.looks(GONE, 'up', GONE, GONE)
    for (let looks = 1; looks <= 4; looks++) {
      await look()
      await api.asked(looks)
    }
    const error = await rejection(running)
    expect(error).toMatchObject({
      outcome: 'failed',
      message: 'run.1234 has not told how its command ended. The dyno is gone.',
    })
    expect(shown).toEqual(['a line', 'half a line'])
    await far.closed
    await settle()
    expect(api.stopped).toEqual([])
    expect(api.questions()).toBe(4)
  })

  it('is waited for when the API fails to tell, with one complaint', async () => {
    const { running, far } = await joined()
    api.looks(new ApiError({ status: 403, passing: false }, 'The token may not read.', 'Make another.'))
    for (let looks = 1; looks <= 4; looks++) {
      await look()
      await api.asked(looks)
    }
    await time.asleep(LOOK_MS)
    expect(around.warnings).toEqual(['The token may not read. The output of run.1234 is still waited for'])
    await far.send(await marker(0))
    expect((await running).code).toBe(0)
  })

  it('has failed when the dyno does not start within two minutes, and the dyno is stopped', async () => {
    const running = run()
    const far = await server.attached(SECRET)
    api.looks('starting')
    for (let looks = 1; looks <= 4; looks++) {
      await look()
      await api.asked(looks)
    }
    await api.stopping()
    far.end()
    const error = await rejection(running)
    expect(error).toMatchObject({ outcome: 'failed', message: 'run.1234 has not started within 2 min.' })
    expect(api.stopped).toEqual(['run.1234'])
  })

  it('has failed when it cannot be attached to, and its dyno is stopped', async () => {
    api = scriptedApi('https://ssh.example.com/c1ae5f0e-secret')
    expect((await rejection(run())).message).toMatch(/by SSH only/)
    expect(api.stopped).toEqual(['run.1234'])
    expect(around.lines.join('\n')).not.toContain(SECRET)
  })

  it('was never started when Heroku refuses', async () => {
    const refusal = new ApiError({ status: 422, passing: false }, 'No such size.', 'Name another.')
    api = scriptedApi(refusal)
    expect(await rejection(run())).toBe(refusal)
    expect(api.stopped).toEqual([])
    expect(server.connections()).toBe(0)
  })
})

describe('a command that is given up', { timeout: 20_000 }, () => {
  const reason = new Error('the job was cancelled')

  it.each([
    ['while the dyno starts', async () => ({ running: run(), far: await server.attached(SECRET) })],
    ['while it runs', () => joined()],
  ])('%s has its dyno stopped, and rejects with the reason', async (_name, begin) => {
    const { running, far } = await begin()
    around.abort(reason)
    await api.stopping()
    far.end()
    expect(await rejection(running)).toBe(reason)
    expect(api.stopped).toEqual(['run.1234'])
    await far.closed
  })

  it('may say what it has to say at its end', async () => {
    const { running, far } = await joined()
    around.abort(reason)
    await api.stopping()
    await far.send(`the clock is back at work\n${await marker(143)}`)
    far.end()
    expect(await rejection(running)).toBe(reason)
    expect(shown).toEqual(['the clock is back at work'])
    expect(around.warnings).toEqual([])
  })

  it('is listened to for no longer than 5 s', async () => {
    const { running, far } = await joined()
    around.abort(reason)
    await time.asleep(STOP_LIMIT_MS)
    await far.send('not yet\n')
    await around.logged(/^\| not yet$/)
    time.elapse(STOP_LIMIT_MS)
    expect(await rejection(running)).toBe(reason)
    await far.closed
    expect(around.warnings).toEqual([])
  })

  it('is not started when that was before', async () => {
    around.abort(reason)
    expect(await rejection(run())).toBe(reason)
    expect(server.connections()).toBe(0)
  })

  it('before it is attached to has its dyno stopped', async () => {
    const { runDyno } = api
    api.runDyno = async (...asked) => {
      const dyno = await runDyno(...asked)
      around.abort(reason)
      return dyno
    }
    expect(await rejection(run())).toBe(reason)
    expect(api.stopped).toEqual(['run.1234'])
    expect(server.connections()).toBe(0)
  })

  it('while the API is asked has its dyno stopped', async () => {
    const { running, far } = await joined()
    api.looks('silence')
    await look()
    await api.asked(1)
    around.abort(reason)
    await api.stopping()
    far.end()
    expect(await rejection(running)).toBe(reason)
    expect(api.stopped).toEqual(['run.1234'])
  })

  it('is waited for no longer than 5 s when the API does not answer, and tells how to stop it', async () => {
    api.failToStop('silence')
    const { running } = await joined({ timeToLiveSec: 600 })
    around.abort(reason)
    await api.stopping()
    await time.asleep(STOP_LIMIT_MS)
    time.elapse(STOP_LIMIT_MS)
    expect(await rejection(running)).toBe(reason)
    expect(around.warnings).toEqual([
      'run.1234 could not be stopped: no answer in time. Stop it with `heroku ps:stop run.1234 --app shop`, or wait: it lives ' +
        'for 10 min',
    ])
  })

  it('tells why its dyno could not be stopped', async () => {
    api.failToStop(new ApiError({ status: 403, passing: false }, 'The token may not write.', 'Make another.'))
    const { running } = await joined()
    around.abort(reason)
    expect(await rejection(running)).toBe(reason)
    expect(around.warnings).toEqual([
      'run.1234 could not be stopped: The token may not write. Stop it with `heroku ps:stop run.1234 --app shop`',
    ])
  })

  it('is no matter when the dyno has gone by itself', async () => {
    api.failToStop(new ApiError({ status: 404, passing: false }, 'Not found.', ''))
    const { running } = await joined()
    around.abort(reason)
    expect(await rejection(running)).toBe(reason)
    expect(around.warnings).toEqual([])
  })
})

describe('a session', { timeout: 20_000 }, () => {
  async function open(command: Partial<OneOffCommand> = {}) {
    const opening = openInDyno(api, { command: 'rake drain', ...command }, around, show)
    const far = await server.attached(SECRET)
    await far.send('rendezvous\r\n')
    return { session: await opening, far }
  }

  it('takes lines for the command, and tells its output as it comes', async () => {
    const { session, far } = await open()
    expect(session.dyno).toBe('run.1234')
    session.write('one')
    await far.received('one\n')
    await far.send('got one\n')
    await around.logged(/^\| got one$/)
    session.write('two')
    await far.received('one\ntwo\n')
    await far.send(await marker(9))
    expect(await session.ended).toEqual({ dyno: 'run.1234', code: 9 })
    session.write('three')
    await session[Symbol.asyncDispose]()
    expect(api.stopped).toEqual([])
  })

  it('that is left before the end stops its dyno, once', async () => {
    const { session, far } = await open()
    const left = session[Symbol.asyncDispose]()
    await api.stopping()
    far.end()
    await left
    await session[Symbol.asyncDispose]()
    expect(api.stopped).toEqual(['run.1234'])
    await far.closed
    expect((await rejection(session.ended)).message).toBe('run.1234 was left before its command had ended.')
    session.write('nobody hears it')
  })

  it('is not there before the dyno is', async () => {
    const opening = openInDyno(api, { command: 'rake drain' }, around, show)
    const early = opening.then(() => 'open')
    const far = await server.attached(SECRET)
    expect(
      await Promise.race([
        early,
        look()
          .then(() => api.asked(1))
          .then(() => 'not yet'),
      ]),
    ).toBe('not yet')
    await far.send('rendezvous\r\n')
    const left = (await opening)[Symbol.asyncDispose]()
    await api.stopping()
    far.end()
    await left
  })
})
