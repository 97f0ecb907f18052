import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { eventLine, readOrder } from '../../src/deploy/attended.ts'
import type { Expected } from '../../src/deploy/expected.ts'
import type { DeployPlan } from '../../src/deploy/plan.ts'
import { quietByDyno } from '../../src/deploy/quiet/by-dyno.ts'
import { quietOutOfSight } from '../../src/deploy/quiet/out-of-sight.ts'
import type { Quiet } from '../../src/deploy/quiet/quiet.ts'
import { Story } from '../../src/deploy/story.ts'
import type { DynoCommand, Heroku, Surroundings } from '../../src/deploy/surroundings.ts'
import { readAnnouncement } from '../../src/gate/announcement.ts'
import { DeployError } from '../../src/outcome.ts'
import { Lines } from '../participant/support/lines.ts'
import { ManualTime, settle } from '../support/manual-time.ts'

const PLAN = {
  app: 'shop',
  strategy: { kind: 'git-push' },
  redis: { configVar: 'REDIS_URL', tls: 'auto' },
  gateName: 'default',
  acknowledgeTimeoutMs: 30_000,
  drainTimeoutMs: 300_000,
  onDrainTimeout: 'fail',
  onMissingClock: 'fail',
  deployTimeoutMs: 1_800_000,
  asker: { name: "ada's $(rm -rf /) `job`", runUrl: 'https://github.com/acme/shop/actions/runs/1' },
} as unknown as DeployPlan
const WHO: Expected = {
  asked: [{ type: 'clock', atLeast: 2, demanded: false }],
  dynos: [{ dyno: 'clock.1', type: 'clock', release: 'v42' }],
  notes: [],
}
const TARGET = { commit: 'c'.repeat(40), currentRelease: 'v42' }
const TOLD = new DeployError('failed', 'The connection to run.1234 broke off.', 'heroku logs')

let time: ManualTime
let log: Lines
let story: Story
let cancel: AbortController
let dyno: Dyno
beforeEach(() => {
  time = new ManualTime()
  log = new Lines()
  story = new Story(PLAN, time, log)
  cancel = new AbortController()
  dyno = new Dyno()
})
// Whatever happened, nothing of it waits any more.
afterEach(async () => {
  await settle()
  expect(time.sleeping).toBe(0)
})

/** A one-off dyno as a test plays it. */
class Dyno {
  readonly orders: string[] = []
  command: DynoCommand | undefined
  left = 0
  /** what it does when it is told something */
  onOrder: (line: string) => void = () => {}
  readonly #ended = Promise.withResolvers<{ dyno: string; code: number }>()
  #say: (line: string) => void = () => {}

  readonly start: Heroku['inDyno'] = async (command, onLine, signal) => {
    signal.throwIfAborted()
    this.command = command
    this.#say = onLine
    this.#ended.promise.catch(() => {})
    return {
      dyno: 'run.1234',
      write: (line) => {
        this.orders.push(line)
        this.onOrder(line)
      },
      ended: this.#ended.promise,
      [Symbol.asyncDispose]: async () => {
        this.left++
      },
    }
  }

  prints(...lines: string[]): this {
    for (const line of lines) this.#say(line)
    return this
  }

  tells(...events: Parameters<typeof eventLine>[0][]): this {
    return this.prints(...events.map(eventLine))
  }

  ends(code: number): void {
    this.#ended.resolve({ dyno: 'run.1234', code })
  }

  breaks(): void {
    this.#ended.reject(TOLD)
  }
}

function around(): Surroundings {
  return {
    heroku: { inDyno: dyno.start },
    group: (heading: string, work: () => Promise<unknown>) => {
      log.info(`# ${heading}`)
      return work()
    },
    time,
  } as unknown as Surroundings
}

const CLOCK = { id: 'clock.1#a', dyno: 'clock.1', type: 'clock', seenMs: 0 }
const DRAINED = {
  ...CLOCK,
  ...{ state: 'drained', acceptedMs: 100, drainedMs: 2_000, finished: 3, stored: 1, lost: 0, note: 'bye' },
}

function quieten(plan: Partial<DeployPlan> = {}): Promise<Quiet> {
  const quiet = quietByDyno({ ...PLAN, ...plan }, around(), story, cancel.signal, TARGET, WHO)
  quiet.catch(() => {})
  return quiet
}

/** One whose gate is open. */
async function open(): Promise<Quiet> {
  const quiet = quieten()
  await settle()
  dyno.tells({ event: 'started' }, { event: 'asked', standing: { elapsedMs: 0 } })
  dyno.tells({ event: 'participant', participant: DRAINED })
  dyno.tells({ event: 'open', standing: { elapsedMs: 2_000, quietMs: 1_500 } })
  return await quiet
}

/** Ends as the real one does when it is told to. */
function obeys(code = 0): void {
  dyno.onOrder = (line) => {
    const { word } = readOrder(line) ?? {}
    if (word === 'released') dyno.tells({ event: 'released', standing: { elapsedMs: 9_000, quietMs: 8_000 } })
    if (word === 'aborted' || word === 'cancelled' || word === 'end') {
      dyno.tells({ event: 'ended', standing: { elapsedMs: 9_500, quietMs: 8_100 } })
      dyno.ends(code)
    }
  }
}

describe('the command in the dyno', () => {
  it('holds the deploy, and quotes all that comes from inputs', async () => {
    const quiet = await open()
    const { command, timeToLiveSec } = dyno.command as DynoCommand
    const [, announced] = /'--announced' '((?:[^']|'\\'')*)'/.exec(command) ?? []
    expect(readAnnouncement(announced?.replaceAll("'\\''", "'") ?? '')).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      asker: { ...PLAN.asker, app: 'shop', commit: TARGET.commit },
      terms: {
        ...{ acknowledgeTimeoutMs: 30_000, drainTimeoutMs: 300_000 },
        ...{ onDrainTimeout: 'fail', onMissingClock: 'fail' },
        asked: WHO.asked,
        expected: WHO.dynos,
      },
    })
    expect(command.replace(/'--announced' .*?' '--replaces'/, "'--replaces'")).toBe(
      "exec deploy-gate 'drain' '--gate-name' 'default' '--attended' '--replaces' 'v42'",
    )
    expect(timeToLiveSec).toBe(1_860)
    obeys()
    await quiet[Symbol.asyncDispose]()
  })

  it.each([
    [
      'the name of another config var',
      { redis: { configVar: 'HEROKU_REDIS_AMBER_URL', tls: 'auto' } },
      /^export REDIS_URL="\$\{HEROKU_REDIS_AMBER_URL-\}"; exec deploy-gate 'drain'/,
    ],
    ['redis-tls: verify', { redis: { configVar: 'REDIS_URL', tls: 'verify' } }, /'--verify-certificate'/],
    [
      'a pin',
      { redis: { configVar: 'REDIS_URL', tls: 'auto', fingerprints: ['a'.repeat(64), 'b'.repeat(64)] } },
      /'--certificate-fingerprint' 'a{64},b{64}'/,
    ],
  ] as const)('is told %s', async (_, plan, words) => {
    const quiet = quieten(plan)
    await settle()
    expect(dyno.command?.command).toMatch(words)
    dyno.ends(2)
    await expect(quiet).rejects.toThrow(/ended with 2/)
  })

  it.each(['bash', 'sh'])('is read by %s as it is meant', async (shell) => {
    const folder = mkdtempSync(join(tmpdir(), 'gate-words-'))
    const stub = '#!/bin/sh\necho "$REDIS_URL"\nprintf \'%s\\n\' "$@"\n'
    writeFileSync(join(folder, 'deploy-gate'), stub, { mode: 0o755 })
    const env = { PATH: `${folder}:${process.env.PATH}`, REDIS_URL: 'redis://no', AMBER_URL: "redis://'a$b" }
    const quiet = quieten({ redis: { ...PLAN.redis, configVar: 'AMBER_URL' }, gateName: "it's; $(x) `y`" })
    await settle()
    const words = execFileSync(shell, ['-c', dyno.command?.command ?? ''], { env, encoding: 'utf8' })
    rmSync(folder, { recursive: true })
    const [url, name, option, gate, attended, announced, text = '', ...rest] = words.split('\n')
    expect([url, name, option, gate, attended, announced]).toEqual([
      ...["redis://'a$b", 'drain', '--gate-name', "it's; $(x) `y`", '--attended', '--announced'],
    ])
    expect(readAnnouncement(text)?.asker.name).toBe(PLAN.asker.name)
    expect(rest).toEqual(['--replaces', 'v42', ''])
    dyno.ends(2)
    await expect(quiet).rejects.toThrow()
  })

  it('lives for a day at the most', async () => {
    const quiet = quieten({ deployTimeoutMs: 24 * 3_600_000 })
    await settle()
    expect(dyno.command?.timeToLiveSec).toBe(86_400)
    dyno.ends(2)
    await expect(quiet).rejects.toThrow()
  })
})

describe('a drain in a dyno', () => {
  it('releases, sees the new clock, and reports as one from here', async () => {
    const quiet = quieten()
    await settle()
    dyno.tells({ event: 'started' }, { event: 'asked', standing: { elapsedMs: 50 } })
    dyno.prints('deploy-gate: clock.1 accepted: 1 job running', 'deploy-gate: warning: Redis is slow', 'boo')
    dyno.tells({ event: 'participant', participant: { ...CLOCK, state: 'draining', acceptedMs: 100 } })
    dyno.tells({ event: 'participant', participant: DRAINED })
    dyno.tells({ event: 'open', standing: { elapsedMs: 2_000, quietMs: 1_500 } })
    const open = await quiet
    expect(log.lines).toEqual([
      ...['# One-off dyno', '# Drain in run.1234', 'clock.1 accepted: 1 job running'],
      ...['warning: Redis is slow', 'boo'],
    ])
    await time.advance(5_000)
    expect(story.failed(new Error('so far')).quietSeconds).toBe(6.5)
    obeys()
    expect(await open.during(async () => 'v43')).toBe('v43')
    story.release = 'v43'
    await open.released()
    const seen = open.successor(120_000, 'v43', cancel.signal)
    await settle()
    dyno.tells({ event: 'successor', dynos: ['clock.1'], standing: { elapsedMs: 9_200, quietMs: 8_050 } })
    expect(await seen).toEqual(['clock.1'])
    await open[Symbol.asyncDispose]()
    expect(dyno.orders).toEqual(['released v43', 'successor v43 120000', 'end'])
    expect(dyno.left).toBe(1)
    const report = story.ended('deployed', 'done')
    expect(report).toMatchObject({
      participants: [
        { dyno: 'clock.1', state: 'drained', finished: 3, stored: 1, note: 'bye', drainedSeconds: 2 },
      ],
      ...{ quietSeconds: 8.1, jobsFinished: 3, jobsStored: 1, drainSeconds: 2 },
      warnings: ['Redis is slow'],
    })
    expect(report.spans.map(({ name }) => name)).toEqual(['clock.1 asked', 'clock.1 draining'])
  })

  it('ends without a wait for the clock where none is asked for', async () => {
    const quiet = await open()
    obeys()
    story.release = 'v43'
    await quiet.released()
    await quiet[Symbol.asyncDispose]()
    expect(dyno.orders).toEqual(['released v43', 'end'])
  })

  it('releases by the name of the release by which a deploy was taken back', async () => {
    const quiet = await open()
    obeys()
    Object.assign(story, { release: 'v43', rollback: 'v44' })
    await quiet.released()
    await quiet[Symbol.asyncDispose]()
    expect(dyno.orders[0]).toBe('released v44')
  })

  it('gives everybody back when the release does not come about', async () => {
    const quiet = await open()
    const leaving = quiet[Symbol.asyncDispose]()
    await settle()
    // The dyno sees to it before it is left.
    expect([dyno.orders, dyno.left]).toEqual([['aborted'], 0])
    dyno.ends(0)
    await leaving
    expect(dyno.left).toBe(1)
    expect(log.matching(/^warning/)).toEqual([])
  })

  it('is stopped when it does not end, whatever it was told', async () => {
    const quiet = await open()
    const leaving = quiet[Symbol.asyncDispose]()
    await settle()
    await time.advance(24_000)
    expect(dyno.left).toBe(0)
    await time.advance(1_000)
    await leaving
    expect(dyno.left).toBe(1)
  })

  it.each([
    ['while it drains', async () => quieten()],
    ['while the push runs', async () => open()],
  ])('is told at once that the deploy is cancelled %s, and has seconds', async (_, begin) => {
    const quiet = begin().then((one) => one)
    await settle()
    cancel.abort(new DeployError('cancelled', 'The job was cancelled.', ''))
    await settle()
    expect(dyno.orders[0]).toBe('cancelled')
    const leaving = quiet.then(
      (one) => one[Symbol.asyncDispose](),
      (error: unknown) => expect(error).toBe(cancel.signal.reason),
    )
    await settle()
    await time.advance(3_500)
    await leaving
    expect(dyno.left).toBe(1)
    expect(log.matching(/^warning/)).toEqual([])
  })

  it('is not started when the deploy is over already', async () => {
    cancel.abort(new DeployError('cancelled', 'The job was cancelled.', ''))
    await expect(quieten()).rejects.toBe(cancel.signal.reason)
    expect(dyno.command).toBeUndefined()
  })

  it('warns when the connection breaks while the push runs, and does not know the new clock then', async () => {
    const quiet = await open()
    await quiet.during(async () => {
      dyno.breaks()
      await settle()
    })
    expect(log.matching(/^warning/)).toEqual([
      'warning: The connection to run.1234 broke off. Whoever is held goes on within 3 min, while the deploy runs: what starts then may be killed',
    ])
    story.release = 'v43'
    await quiet.released()
    await expect(quiet.successor(60_000, 'v43', cancel.signal)).rejects.toMatchObject({
      outcome: 'clock-not-seen',
      message: expect.stringMatching(/^v43 is released, but run\.1234, which was to see its clock, is gone/),
    })
    await quiet[Symbol.asyncDispose]()
    expect(dyno.orders).toEqual([])
    const { quietSeconds } = story.ended('deployed', '')
    await time.advance(60_000)
    expect(story.ended('deployed', '').quietSeconds).toBe(quietSeconds)
  })

  it('warns when nobody says that the old ones stay quiet', async () => {
    const quiet = await open()
    story.release = 'v43'
    const releasing = quiet.released()
    await settle()
    await time.advance(25_000)
    await releasing
    expect(log.matching(/^warning/)).toEqual([
      'warning: run.1234 has not said that the old processes stay quiet: they may go on before their SIGTERM',
    ])
    obeys()
    await quiet[Symbol.asyncDispose]()
  })

  it('passes on that no new clock came', async () => {
    const quiet = await open()
    obeys()
    story.release = 'v43'
    await quiet.released()
    const seen = quiet.successor(1_000, 'v43', cancel.signal)
    dyno.tells({ event: 'failed', outcome: 'clock-not-seen', message: 'No clock of v43.', next: 'Look.' })
    dyno.ends(2)
    await expect(seen).rejects.toMatchObject({ outcome: 'clock-not-seen', message: 'No clock of v43.' })
    await quiet[Symbol.asyncDispose]()
  })

  it('is left when something else ends the wait for the clock', async () => {
    const quiet = await open()
    obeys()
    story.release = 'v43'
    await quiet.released()
    const other = new AbortController()
    const seen = quiet.successor(60_000, 'v43', other.signal)
    other.abort(new DeployError('dynos-not-up', 'web.1 crashed.', ''))
    await expect(seen).rejects.toBe(other.signal.reason)
    await quiet[Symbol.asyncDispose]()
    expect(dyno.orders.at(-1)).toBe('end')
  })
})

describe('a drain that fails in the dyno', () => {
  /** How it ends when the dyno has printed this and ended so. */
  async function failing(code: number, play: () => void) {
    const quiet = quieten()
    await settle()
    play()
    dyno.ends(code)
    const error = await quiet.catch((one: unknown) => one)
    expect(dyno.left).toBe(1)
    return error
  }

  it('has the outcome and the words of the dyno, and its participants', async () => {
    const failure = { outcome: 'drain-timeout', message: 'Not drained.', next: 'Raise it.' } as const
    const error = await failing(2, () =>
      dyno.tells(
        { event: 'started' },
        { event: 'asked', standing: { elapsedMs: 0 } },
        { event: 'participant', participant: { ...CLOCK, state: 'draining', acceptedMs: 100 } },
        { event: 'failed', ...failure },
        { event: 'ended' },
      ),
    )
    expect(error).toMatchObject(failure)
    expect(story.failed(error)).toMatchObject({ ...failure, participants: [{ state: 'draining' }] })
    expect(dyno.orders).toEqual([])
  })

  it('names the command that is not there, and what brings it', async () => {
    expect(await failing(127, () => dyno.prints('bash: line 1: exec: deploy-gate: not found'))).toMatchObject(
      {
        outcome: 'preflight-failed',
        message: expect.stringMatching(
          /^There is no deploy-gate command in shop's slug.*deploy-gate: not found$/,
        ),
        next: expect.stringMatching(/npm package heroku-deploy-gate.*Python or Ruby.*heroku\/nodejs/),
      },
    )
  })

  it('names a command that is too old', async () => {
    const usage =
      "deploy-gate drain: Unknown option '--attended'. Options stand before --, the program behind it."
    expect(
      await failing(1, () => dyno.prints(usage, 'Usage: deploy-gate drain [options] [-- program arguments]')),
    ).toMatchObject({
      outcome: 'preflight-failed',
      message: expect.stringMatching(/^The deploy-gate in shop's slug is too old for drain-from: dyno/),
    })
  })

  it('names a command that speaks otherwise, and does not wait for its end', async () => {
    const quiet = quieten()
    await settle()
    dyno.prints('{"deploy-gate":2,"event":"hello"}')
    await expect(quiet).rejects.toMatchObject({
      outcome: 'preflight-failed',
      message: expect.stringMatching(/speaks version 2 of the conversation.*this deploy version 1/),
    })
    expect(dyno.left).toBe(1)
  })

  it('is no cancelled deploy when somebody else has stopped the dyno', async () => {
    const told = { outcome: 'cancelled', message: 'Interrupted by SIGTERM.', next: '' } as const
    expect(
      await failing(143, () => dyno.tells({ event: 'started' }, { event: 'failed', ...told })),
    ).toMatchObject({ outcome: 'failed', message: expect.stringMatching(/run\.1234 was stopped.*SIGTERM/) })
  })

  it('says with what it ended when it did not say why', async () => {
    const error = await failing(1, () => dyno.prints("Cannot find package 'ioredis'"))
    expect(error).toMatchObject({
      outcome: 'failed',
      message:
        "deploy-gate in run.1234 ended with 1 and did not say why. Its last line: Cannot find package 'ioredis'",
    })
  })

  it('passes on why the connection broke', async () => {
    const quiet = quieten()
    await settle()
    dyno.breaks()
    await expect(quiet).rejects.toBe(TOLD)
  })

  it.each([
    ['what is no JSON', '{"deploy-gate":1,"event":'],
    ['an event of tomorrow', '{"deploy-gate":1,"event":"tea"}'],
    [
      'a failure that is a success',
      '{"deploy-gate":1,"event":"failed","outcome":"deployed","message":"","next":""}',
    ],
    ['a participant without a name', '{"deploy-gate":1,"event":"participant","participant":{"id":1}}'],
  ])('takes %s for nothing', async (_, line) => {
    const error = await failing(3, () => dyno.tells({ event: 'started' }).prints(line))
    expect(log.lines).not.toContain(line)
    expect(error).toMatchObject({ outcome: 'failed', message: expect.stringMatching(/ended with 3/) })
    expect(story.failed(error).participants).toEqual([])
  })
})

describe('a release phase that drains out of sight', () => {
  const outOfSight = () => quietOutOfSight(PLAN, around(), story, cancel.signal)

  it('is left alone when the release came about, and its clock is not seen', async () => {
    const quiet = outOfSight()
    await quiet.during(async () => 'v43')
    await quiet.released()
    expect(await quiet.successor(60_000, 'v43', cancel.signal)).toEqual([])
    await quiet[Symbol.asyncDispose]()
    expect(dyno.command).toBeUndefined()
    expect(log.lines).toEqual([
      'The new clock can not be seen from here: the Redis is reached from dynos only',
    ])
  })

  it('is ended from a dyno when the release did not', async () => {
    const leaving = outOfSight()[Symbol.asyncDispose]()
    await settle()
    expect(dyno.command?.command).toBe("exec deploy-gate 'resume' '--gate-name' 'default'")
    dyno.prints('deploy-gate: clock.1 is scheduling again').ends(0)
    await leaving
    expect(log.lines).toEqual([
      '# Resume, in a one-off dyno',
      'clock.1 is scheduling again',
      'nobody is held any more by a release phase',
    ])
    expect(dyno.left).toBe(1)
  })

  it.each([
    [
      'a code',
      () => dyno.ends(127),
      /^warning: deploy-gate resume ended with 127 in run\.1234\..*heroku run --app shop -- deploy-gate resume/,
    ],
    [
      'a broken connection',
      () => dyno.breaks(),
      /^warning: The connection to run\.1234 broke off\..*heroku run --app shop/,
    ],
  ])('is named when that fails with %s', async (_, end, warning) => {
    const leaving = outOfSight()[Symbol.asyncDispose]()
    await settle()
    end()
    await leaving
    expect(log.matching(warning)).toHaveLength(1)
  })

  it('is left to its hold when the deploy is cancelled: no dyno starts in time', async () => {
    cancel.abort(new DeployError('cancelled', 'The job was cancelled.', ''))
    await outOfSight()[Symbol.asyncDispose]()
    expect(dyno.command).toBeUndefined()
    expect(
      log.matching(/^warning: If the release phase has drained or still does.*deploy-gate resume/),
    ).toHaveLength(1)
  })
})
