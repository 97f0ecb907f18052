import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { ListHold } from '../../../src/gate/list/hold.ts'
import type { ListTerms } from '../../../src/gate/list/lists.ts'
import type { DrainTerms } from '../../../src/gate/terms.ts'
import { DeployError } from '../../../src/outcome.ts'
import type { ScriptHost } from '../../../src/protocol/script.ts'
import { LIMIT } from '../../participant/support/lines.ts'
import { type ListScene, MARKER, openListScene } from './support/scene.ts'

vi.setConfig({ testTimeout: 30_000 })

let scene: ListScene
beforeAll(async () => {
  scene = await openListScene()
})
afterAll(() => scene[Symbol.asyncDispose]())
beforeEach(() => scene.reset())

const WITH_RESUME: Partial<ListTerms> = { resumeMessage: 'resume' }
const RESTART = 'heroku ps:restart clock --app shop'
const clocks = (atLeast: number, demanded = true) => [{ type: 'clock', atLeast, demanded }]
const answer = (text = 'ok') => scene.app.lpush('response', text)

/** Drains, and leaves as a failed deploy does. Resolves with what there was to complain, and with the hold as it was left. */
async function failing(terms: Partial<DrainTerms>, list: Partial<ListTerms> = {}, around = scene.around()) {
  const hold = await scene.ask(terms, list, around)
  const error = await hold.drained().then(
    (drained) => new Error(`drained() said ${drained}`),
    (reason: unknown) => reason,
  )
  await hold[Symbol.asyncDispose]()
  if (!(error instanceof DeployError)) throw error
  const { outcome, message, next } = error
  return { outcome, message, next, hold }
}

async function leave(hold: ListHold): Promise<string | undefined> {
  await hold[Symbol.asyncDispose]()
  return hold.remedy
}

describe('a listener that takes its request and answers', () => {
  it('opens the gate, in one line for each change, and leaves the lists empty', async () => {
    const hold = await scene.ask({}, WITH_RESUME)
    const drained = hold.drained()
    expect(await scene.take()).toBe('shutdown')
    await scene.log.saw(/took the request/)
    expect(hold.participants).toMatchObject([{ dyno: 'clock', type: 'clock', state: 'draining' }])
    await answer('finished 2 jobs')
    expect(await drained).toBe(true)
    await hold.commit()
    expect(await hold.concerns()).toEqual([])
    await hold.release()
    expect(await hold.successor()).toEqual([])
    expect(await leave(hold)).toBeUndefined()
    expect(scene.log.lines).toEqual([
      'put "shutdown" into the list "request"',
      'clock took the request',
      'clock answered "finished 2 jobs"',
      expect.stringMatching(/can not tell whether the new clock runs, so wait-for-clock is passed over/),
    ])
    expect(hold.participants).toMatchObject([{ state: 'drained', note: '"finished 2 jobs"' }])
    expect(hold.quietMs).toBeGreaterThan(0)
    const { quietMs } = hold
    await scene.app.ping()
    expect(hold.quietMs).toBe(quietMs)
    expect(await scene.requests()).toEqual([])
    expect(await scene.answers()).toEqual([])
  })

  it.each(['lpush', 'rpush'] as const)(
    'is one of several, each with its own, answered by %s',
    async (push) => {
      const hold = await scene.ask({ asked: clocks(2) })
      expect(await scene.requests()).toEqual(['shutdown', 'shutdown'])
      const drained = hold.drained()
      await scene.take()
      await scene.app[push]('response', 'first')
      await scene.log.saw(/^clock 1 of 2 answered "first"/)
      await scene.take()
      await scene.app[push]('response', 'second')
      expect(await drained).toBe(true)
      expect(hold.participants).toMatchObject([
        { dyno: 'clock 1 of 2', note: '"first"' },
        { dyno: 'clock 2 of 2', note: '"second"' },
      ])
      await hold.release()
      await leave(hold)
    },
  )

  it('is waited for while its jobs run, however short the time to take the request is', async () => {
    const hold = await scene.ask({ acknowledgeTimeoutMs: 100 })
    await scene.take()
    let over = false
    const drained = hold.drained().finally(() => {
      over = true
    })
    await expect.poll(() => hold.elapsedMs, LIMIT).toBeGreaterThan(300)
    expect(over).toBe(false)
    await answer()
    expect(await drained).toBe(true)
    await leave(hold)
  })

  it('may answer anything, and it is shown cut', async () => {
    const hold = await scene.ask()
    await scene.take()
    await answer(`error\n::error::${'x'.repeat(5_000)}`)
    expect(await hold.drained()).toBe(true)
    const [line = ''] = scene.log.matching(/answered/)
    expect(line).toMatch(/^clock answered "error\\n::error::x+"$/)
    expect(line.length).toBeLessThan(250)
    await leave(hold)
  })
})

describe('what earlier deploys have left', () => {
  it('does not pass for an answer', async () => {
    await answer('of yesterday')
    const { outcome } = await failing({ acknowledgeTimeoutMs: 300 })
    expect(outcome).toBe('missing-clock')
    expect(
      scene.log.matching(/removed what earlier deploys had left in the lists: 0 requests, 1 answer/),
    ).toHaveLength(1)
  })

  it('does not pass for an answer when it comes late, after the request', async () => {
    const hold = await scene.ask()
    const drained = hold.drained()
    await answer('of yesterday')
    await scene.log.saw(/^an answer came before its request was taken.*"of yesterday"; it does not count/)
    await scene.take()
    await scene.log.saw(/^clock took the request/)
    await answer('of today')
    expect(await drained).toBe(true)
    expect(scene.log.matching(/answered/)).toEqual(['clock answered "of today"'])
    await leave(hold)
  })

  it('is no second request for a clock', async () => {
    await scene.app.lpush('request', 'shutdown', 'shutdown')
    const hold = await scene.ask()
    expect(await scene.take()).toBe('shutdown')
    expect(await scene.requests()).toEqual([])
    expect(scene.log.matching(/had left in the lists: 2 requests, 0 answers/)).toHaveLength(1)
    await leave(hold)
  })

  it('is told when nobody takes the request: that deploy may have stopped the clock', async () => {
    const before = await scene.ask()
    await scene.take()
    await leave(before)
    const { outcome, next } = await failing({ acknowledgeTimeoutMs: 200 })
    expect(outcome).toBe('missing-clock')
    expect(next).toContain(
      `deploy of 01234567 (https://ci/1), may have left the clock stopped. Start it again and run this one again: ${RESTART}.`,
    )
  })
})

describe('a request that nobody takes', () => {
  it('is taken back, and the deploy fails', async () => {
    const { outcome, message, next, hold } = await failing({ acknowledgeTimeoutMs: 300 }, WITH_RESUME)
    expect(outcome).toBe('missing-clock')
    expect(message).toBe(
      'Nobody took the request from the list "request" within 0.3 s: is the clock running? It was taken back, and nothing was pushed.',
    )
    expect(next).toMatch(/heroku ps --app shop.*list-request-key.*on-missing-clock: deploy/)
    expect(next).not.toContain('left the clock stopped')
    expect(hold.elapsedMs).toBeGreaterThanOrEqual(300)
    expect(hold.remedy).toBeUndefined()
    expect(hold.participants).toEqual([])
    expect(hold.quietMs).toBeUndefined()
    expect(await scene.requests()).toEqual([])
    expect(scene.log.matching(/^warning/)).toEqual([])
  })

  it('is one of several that nobody takes', async () => {
    const { message } = await failing({ acknowledgeTimeoutMs: 200, asked: clocks(2) })
    expect(message).toMatch(/^Nobody took any of 2 requests from the list "request".*They were taken back/)
    expect(await scene.requests()).toEqual([])
  })

  it('is taken back, and passed over with on-missing-clock: deploy', async () => {
    const hold = await scene.ask({ acknowledgeTimeoutMs: 200, onMissingClock: 'deploy' })
    expect(await hold.drained()).toBe(true)
    expect(await scene.requests()).toEqual([])
    await hold.commit()
    expect(scene.log.matching(/^warning: nobody took the request.*on-missing-clock: deploy/)).toHaveLength(1)
    await hold.release()
    await leave(hold)
  })

  it('is not passed over when a number was asked for', async () => {
    const terms = { acknowledgeTimeoutMs: 200, onMissingClock: 'deploy', asked: clocks(1) } as const
    expect(await failing(terms)).toMatchObject({ outcome: 'missing-clock' })
  })

  it.each([
    ['a number that was asked for', clocks(2)],
    ['types without one', [...clocks(1, false), { type: 'worker', atLeast: 1, demanded: false }]],
  ])('beside one that was taken, of %s, is taken back alone', async (_, asked) => {
    const terms = { acknowledgeTimeoutMs: 2_000, onMissingClock: 'deploy', asked } as const
    const failed = failing(terms, WITH_RESUME, scene.around({ resumeWatchMs: 100 }))
    expect(await scene.take()).toBe('shutdown')
    await answer()
    const resumed = scene.log.saw(/put "resume" into the list/)
    const { outcome, message, hold } = await failed
    expect(outcome).toBe('missing-clock')
    expect(message).toMatch(/^Only 1 of 2 requests were taken from the list "request" within 2 s/)
    await resumed
    expect(await scene.requests()).toEqual(['resume'])
    expect(hold.remedy).toContain(RESTART)
  })

  it('is waited for when it is taken in the very moment in which it was to be taken back', async () => {
    const withdrawn = Promise.withResolvers<void>()
    const host: ScriptHost = {
      // The only script of two keys and two arguments.
      async evalsha(sha, keyCount, ...args) {
        if (keyCount === 2 && args.length === 4) {
          await scene.app.rpop('request')
          withdrawn.resolve()
        }
        return scene.client.evalsha(sha, keyCount, ...args)
      },
      eval: (text, keyCount, ...args) => scene.client.eval(text, keyCount, ...args),
    }
    const hold = await scene.ask({ acknowledgeTimeoutMs: 100 }, {}, scene.around({}, host))
    const drained = hold.drained()
    await withdrawn.promise
    await answer()
    expect(await drained).toBe(true)
    await leave(hold)
  })
})

describe('a request that is taken and not answered', () => {
  const terms = { acknowledgeTimeoutMs: 600, drainTimeoutMs: 600 }

  /** A listener that still listens once it has taken a request. */
  async function listener(resume: string): Promise<void> {
    await scene.take()
    expect(await scene.take()).toBe(resume)
  }

  it('fails the deploy, and the listener is told to go on', async () => {
    const told = listener('resume')
    const { outcome, message, next, hold } = await failing(terms, WITH_RESUME)
    await told
    expect(outcome).toBe('drain-timeout')
    expect(message).toBe('The clock took the request and did not answer within 0.6 s.')
    expect(next).toMatch(/^Nothing was pushed\. Raise drain-timeout/)
    expect(hold.remedy).toBeUndefined()
    expect(
      scene.log.matching(/^put "resume" into the list "request", so that the clock goes on/),
    ).toHaveLength(1)
    expect(scene.log.matching(/^warning/)).toEqual([])
  })

  it('is a loud warning when nothing can tell it to go on, with what to do', async () => {
    const taken = scene.take()
    const { outcome, hold } = await failing(terms)
    await taken
    expect(outcome).toBe('drain-timeout')
    const remedy = `The clock stays stopped until its dyno restarts. Now run: ${RESTART}.`
    expect(hold.remedy).toBe(remedy)
    expect(scene.log.matching(/^warning/)).toEqual([
      `warning: the clock took "shutdown", and list-resume-message names nothing that starts it again. ${remedy}`,
    ])
    expect(await scene.requests()).toEqual([])
  })

  it('is a loud warning, too, when the listener does not take what tells it to go on', async () => {
    const taken = scene.take()
    const { hold } = await failing(terms, WITH_RESUME, scene.around({ resumeWatchMs: 100 }))
    await taken
    expect(hold.remedy).toContain(RESTART)
    expect(
      scene.log.matching(/^warning: nobody has taken "resume" from the list "request" yet/),
    ).toHaveLength(1)
  })

  it('is pushed over with on-drain-timeout: deploy', async () => {
    const hold = await scene.ask({ ...terms, onDrainTimeout: 'deploy' })
    await scene.take()
    expect(await hold.drained()).toBe(false)
    await hold.commit()
    expect(scene.log.matching(/^warning: The clock took the request.*Pushing all the same/)).toHaveLength(1)
    await hold.release()
    expect(await leave(hold)).toBeUndefined()
  })
})

describe('a deploy that fails after it was answered', () => {
  it.each([
    ['with', 'resume', undefined],
    ['without', '', expect.stringContaining(RESTART)],
  ])('%s a message that starts the clock again', async (_, resumeMessage, remedy) => {
    const hold = await scene.ask({}, { resumeMessage })
    await scene.take()
    await answer()
    await hold.drained()
    await hold.commit()
    const told = resumeMessage ? scene.take() : undefined
    expect(await leave(hold)).toEqual(remedy)
    if (told) expect(await told).toBe('resume')
    expect(await scene.answers()).toEqual([])
  })
})

describe('a cancelled deploy', () => {
  const reason = new DeployError('cancelled', 'Cancelled.', '')

  it('takes its request back', async () => {
    const hold = await scene.ask()
    const drained = hold.drained()
    scene.cancel.abort(reason)
    await expect(drained).rejects.toBe(reason)
    expect(await leave(hold)).toBeUndefined()
    expect(await scene.requests()).toEqual([])
  })

  it('tells the clock to go on', async () => {
    const hold = await scene.ask({}, WITH_RESUME)
    const drained = hold.drained()
    await scene.take()
    scene.cancel.abort(reason)
    await expect(drained).rejects.toBe(reason)
    const told = scene.take()
    expect(await leave(hold)).toBeUndefined()
    expect(await told).toBe('resume')
  })
})

describe('two deploys at once', () => {
  it('do not meet: the second is told who is at work, and the first goes on', async () => {
    const hold = await scene.ask()
    await expect(scene.ask()).rejects.toMatchObject({
      outcome: 'busy',
      message: expect.stringMatching(
        /^Another deploy holds the gate: deploy of 01234567 \(https:\/\/ci\/1\)/,
      ),
    })
    await scene.take()
    await answer()
    expect(await hold.drained()).toBe(true)
    await leave(hold)
    await leave(await scene.ask())
  })
})

describe('a lease that is lost', () => {
  it('to another deploy stops this one, which then leaves the lists alone', async () => {
    const hold = await scene.ask({}, WITH_RESUME)
    await scene.take()
    const drained = hold.drained()
    await scene.log.saw(/took the request/)
    const lost = expect(drained).rejects.toMatchObject({
      outcome: 'lease-lost',
      message: expect.stringMatching(/^(Another deploy took the gate over|The drain ran out)/),
    })
    await scene.app.hset(MARKER, 'expiry', '1')
    const next = await scene.ask()
    await lost
    expect(await leave(hold)).toContain(RESTART)
    expect(scene.log.matching(/^warning: the lists were not this deploy's any more/)).toHaveLength(1)
    expect(await scene.requests()).toEqual(['shutdown'])
    await leave(next)
  })

  it('is not committed', async () => {
    const hold = await scene.ask()
    await scene.take()
    await answer()
    await hold.drained()
    await scene.app.flushall()
    await expect(hold.commit()).rejects.toMatchObject({ outcome: 'lease-lost' })
    await leave(hold)
  })

  it('is renewed meanwhile, and for longer while the push runs', async () => {
    const hold = await scene.ask(
      {},
      {},
      scene.around({ renewEveryMs: 50, drainLeaseMs: 20_000, pushLeaseMs: 90_000 }),
    )
    const left = async () =>
      Number(await scene.app.hget(MARKER, 'expiry')) - Number((await scene.app.time())[0]) * 1_000
    const before = Number(await scene.app.hget(MARKER, 'expiry'))
    await expect
      .poll(async () => Number(await scene.app.hget(MARKER, 'expiry')), LIMIT)
      .toBeGreaterThan(before)
    await scene.take()
    await answer()
    await hold.drained()
    await hold.commit()
    expect(await left()).toBeGreaterThan(60_000)
    await leave(hold)
  })
})

it('warns during the push when somebody puts another request there', async () => {
  const hold = await scene.ask()
  await scene.take()
  await answer()
  await hold.drained()
  await hold.commit()
  await scene.app.lpush('request', 'shutdown')
  expect(await hold.concerns()).toEqual([
    expect.stringMatching(/^somebody else has put "shutdown" into the list "request" while the push runs/),
  ])
  await hold.release()
  await leave(hold)
})

it('waits out a Redis that is away for a moment', async () => {
  const hold = await scene.ask()
  const drained = hold.drained()
  await scene.take()
  await scene.log.saw(/took the request/)
  await scene.server.restart({ keepData: true })
  await answer()
  expect(await drained).toBe(true)
  await hold.release()
  await leave(hold)
  expect(await scene.answers()).toEqual([])
})

it('says so when Redis can not be told of the end', async () => {
  await using own = await openListScene()
  const hold = await own.ask()
  await own.take()
  own.client.disconnect()
  expect(await leave(hold)).toContain(RESTART)
  expect(own.log.matching(/^warning: Redis could not be told that the drain is aborted/)).toHaveLength(1)
})
