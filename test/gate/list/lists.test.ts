import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Lists } from '../../../src/gate/list/lists.ts'
import { LIMIT } from '../../participant/support/lines.ts'
import { type FaultProxy, startFaultProxy } from '../../support/fault-proxy.ts'
import { type ListScene, MARKER, openListScene } from './support/scene.ts'

vi.setConfig({ testTimeout: 30_000 })

let scene: ListScene
beforeAll(async () => {
  scene = await openListScene()
})
afterAll(() => scene[Symbol.asyncDispose]())
beforeEach(() => scene.reset())

const REQUEST = {
  leaseMs: 60_000,
  notAfter: Number.MAX_SAFE_INTEGER,
  asker: '{"name":"test"}',
  count: 1,
}
const ask = (lists: Lists, over: Partial<typeof REQUEST> = {}) => lists.ask({ ...REQUEST, ...over })
const lapse = () => scene.app.hset(MARKER, 'expiry', '1')
const answer = (text = 'ok') => scene.app.lpush('response', text)

describe('ask', () => {
  it('twice leaves one request, and eats no answer', async () => {
    const lists = scene.lists()
    const first = await ask(lists)
    expect(first).toMatchObject({
      kind: 'asked',
      leftMs: 60_000,
      oldRequests: 0,
      oldAnswers: 0,
      stoppedBy: '',
    })
    expect(await ask(lists)).toMatchObject({ kind: 'asked' })
    expect(await scene.requests()).toEqual(['shutdown'])
    await scene.take()
    await answer()
    expect(await ask(lists)).toMatchObject({ kind: 'asked' })
    expect(await scene.requests()).toEqual([])
    expect(await scene.answers()).toEqual(['ok'])
  })

  it('removes what earlier deploys have left, and nothing else; a second time it says the same', async () => {
    await scene.app.rpush('request', 'shutdown', 'report', 'resume', 'shutdown')
    await scene.app.rpush('response', 'ok', 'done', 'ok')
    const lists = scene.lists('a', { resumeMessage: 'resume' })
    const removed = { kind: 'asked', oldRequests: 2, oldAnswers: 3 }
    expect(await ask(lists)).toMatchObject(removed)
    expect(await ask(lists)).toMatchObject(removed)
    expect(await scene.requests()).toEqual(['shutdown', 'report'])
    expect(await scene.answers()).toEqual([])
  })

  it('is refused while another deploy is at work, and touches nothing', async () => {
    await ask(scene.lists('a'))
    await scene.take()
    await answer()
    expect(await ask(scene.lists('b'))).toMatchObject({ kind: 'busy', asker: '{"name":"test"}' })
    expect(await scene.answers()).toEqual(['ok'])
    expect(await scene.requests()).toEqual([])
    expect(await scene.lists('a').look()).toMatchObject({ kind: 'seen', taken: 1, answered: 1 })
  })

  it('takes over from a deploy whose lease lapsed, and tells who that was', async () => {
    await ask(scene.lists('a'), { asker: '{"name":"dead"}' })
    await lapse()
    const taken = await ask(scene.lists('b'))
    expect(taken).toMatchObject({ kind: 'asked', oldRequests: 1, stoppedBy: '{"name":"dead"}' })
    expect(await scene.requests()).toEqual(['shutdown'])
  })

  it('asks nobody when it arrives too late', async () => {
    await scene.app.rpush('response', 'ok')
    expect(await ask(scene.lists(), { notAfter: 1 })).toEqual({ kind: 'late' })
    expect(await scene.requests()).toEqual([])
    expect(await scene.answers()).toEqual(['ok'])
  })

  it.each([
    ['requests', 'request'],
    ['answers', 'response'],
  ] as const)('deletes nothing where no list of %s is', async (which, key) => {
    await scene.app.set(key, 'settings')
    expect(await ask(scene.lists())).toEqual({ kind: 'unfit', which, type: 'string', length: 0 })
    expect(await scene.app.get(key)).toBe('settings')
    await scene.app.del(key)
    await scene.app.rpush(key, ...Array.from({ length: 1_001 }, () => 'job'))
    expect(await ask(scene.lists())).toEqual({ kind: 'unfit', which, type: 'list', length: 1_001 })
    expect(await scene.app.llen(key)).toBe(1_001)
    expect(await scene.app.exists(MARKER)).toBe(0)
  })
})

describe('a request that nobody takes', () => {
  it('goes when the lease does', async () => {
    await ask(scene.lists(), { leaseMs: 50 })
    await expect.poll(() => scene.app.exists('request'), LIMIT).toBe(0)
  })

  it('stays as long as the lease is renewed', async () => {
    const lists = scene.lists()
    await ask(lists, { leaseMs: 10_000 })
    expect(await scene.app.pttl('request')).toBeLessThanOrEqual(10_000)
    expect(await lists.renew(90_000)).toMatchObject({ kind: 'renewed', leftMs: 90_000 })
    expect(await scene.app.pttl('request')).toBeGreaterThan(60_000)
  })

  it('takes nothing of anybody else along', async () => {
    await scene.app.rpush('request', 'report')
    await ask(scene.lists('a'))
    await scene.lists('a').renew(90_000)
    expect(await scene.app.pttl('request')).toBe(-1)
    await scene.reset()

    const lists = scene.lists('b')
    await ask(lists)
    await scene.take()
    await scene.app.lpush('request', 'report')
    await lists.renew(60_000)
    expect(await scene.app.pttl('request')).toBe(-1)
    await lists.finish('aborted')
    await scene.reset()

    await ask(lists)
    await scene.app.lpush('request', 'report')
    await scene.take()
    await lists.finish('aborted')
    expect(await scene.requests()).toEqual(['report'])
    expect(await scene.app.pttl('request')).toBe(-1)
  })
})

describe('a lease', () => {
  it.each(['renew', 'withdraw', 'look'] as const)(
    'that is lost is told by %s, with whose it is now',
    async (call) => {
      const lists = scene.lists('a')
      const attempt = () => (call === 'renew' ? lists.renew(60_000) : lists[call]())
      expect(await attempt()).toMatchObject({ kind: 'lost', why: 'missing' })
      await ask(lists)
      await lapse()
      expect(await attempt()).toMatchObject({ kind: 'lost', why: 'lapsed' })
      await ask(scene.lists('b'), { asker: '{"name":"other"}' })
      expect(await attempt()).toEqual({ kind: 'lost', why: 'superseded', asker: '{"name":"other"}' })
      expect(await scene.requests()).toEqual(['shutdown'])
    },
  )

  it('is never shortened', async () => {
    const lists = scene.lists()
    await ask(lists)
    expect(await lists.renew(1_000)).toMatchObject({ leftMs: expect.any(Number) })
    expect(await scene.app.pttl('request')).toBeGreaterThan(50_000)
  })
})

describe('look', () => {
  it('tells a request that was taken from one that is still there, and counts answers of either end', async () => {
    const lists = scene.lists()
    await ask(lists, { count: 2 })
    expect(await lists.look()).toMatchObject({ asked: 2, taken: 0, answered: 0, early: 0 })
    await scene.take()
    expect(await lists.look()).toMatchObject({ taken: 1, answered: 0 })
    await scene.take()
    await scene.app.lpush('response', 'left')
    await scene.app.rpush('response', 'right')
    expect(await lists.look()).toMatchObject({ taken: 2, answered: 2, texts: ['left', 'right'] })
  })

  it('never counts an answer that was there before a request was taken', async () => {
    const lists = scene.lists()
    await ask(lists)
    await answer('of yesterday')
    for (let again = 0; again < 2; again++)
      expect(await lists.look()).toMatchObject({ taken: 0, answered: 0, early: 1 })
    await scene.take()
    expect(await lists.look()).toMatchObject({ taken: 1, answered: 0, early: 1 })
    await answer()
    expect(await lists.look()).toMatchObject({ taken: 1, answered: 1, early: 1 })
  })

  it('reads no more of an answer than is shown', async () => {
    const lists = scene.lists()
    await ask(lists)
    await scene.take()
    await answer('x'.repeat(100_000))
    const view = await lists.look()
    expect(view.kind === 'seen' && view.texts[0]?.length).toBe(800)
  })

  it('is not confused by an equal request of somebody else', async () => {
    const lists = scene.lists()
    await ask(lists)
    await scene.take()
    expect(await lists.look()).toMatchObject({ taken: 1 })
    await scene.app.lpush('request', 'shutdown')
    await answer()
    expect(await lists.look()).toMatchObject({ taken: 1, answered: 1, early: 0 })
    expect(await lists.finish('released')).toMatchObject({ withdrawn: 0, taken: 1 })
    expect(await scene.requests()).toEqual(['shutdown'])
  })
})

describe('withdraw', () => {
  it('leaves what somebody else puts there afterwards', async () => {
    const lists = scene.lists()
    await ask(lists, { count: 2 })
    await scene.take()
    await lists.withdraw()
    await scene.app.lpush('request', 'shutdown')
    expect(await lists.look()).toMatchObject({ asked: 1, taken: 1 })
    expect(await lists.finish('aborted')).toMatchObject({ withdrawn: 1, taken: 1 })
    expect(await scene.requests()).toEqual(['shutdown'])
  })

  it('takes exactly what is left, and a second time nothing more', async () => {
    await scene.app.rpush('request', 'report')
    const lists = scene.lists()
    await ask(lists, { count: 3 })
    await scene.app.lrem('request', 1, 'shutdown')
    for (let again = 0; again < 2; again++)
      expect(await lists.withdraw()).toEqual({ kind: 'withdrawn', withdrawn: 2, asked: 1 })
    expect(await scene.requests()).toEqual(['report'])
    expect(await lists.look()).toMatchObject({ asked: 1, taken: 1 })
  })
})

describe('finish', () => {
  it('takes back what nobody has taken, and clears the answers', async () => {
    const lists = scene.lists()
    await ask(lists, { count: 2 })
    await scene.take()
    await answer()
    expect(await lists.finish('released')).toEqual({ kind: 'finished', withdrawn: 1, taken: 1, told: 0 })
    expect(await scene.requests()).toEqual([])
    expect(await scene.answers()).toEqual([])
  })

  it('tells nobody to go on more often than the server can stand, whatever stands in the marker', async () => {
    const lists = scene.lists('a', { resumeMessage: 'resume' })
    await ask(lists)
    await scene.app.hset(MARKER, 'asked', '150000')
    expect(await lists.finish('aborted')).toMatchObject({ kind: 'finished', told: 100_000 })
  })

  it('tells each that has taken a request to go on, once', async () => {
    const lists = scene.lists('a', { resumeMessage: 'resume' })
    await ask(lists, { count: 3 })
    await scene.take()
    await scene.take()
    expect(await lists.finish('aborted')).toEqual({ kind: 'finished', withdrawn: 1, taken: 2, told: 2 })
    expect(await scene.requests()).toEqual(['resume', 'resume'])
    expect(await lists.finish('aborted')).toEqual({ kind: 'already', withdrawn: 1, taken: 2, told: 2 })
    expect(await scene.requests()).toEqual(['resume', 'resume'])
  })

  it('tells nobody to go on after a release, or when nobody has taken anything', async () => {
    const lists = (id: string) => scene.lists(id, { resumeMessage: 'resume' })
    await ask(lists('a'))
    expect(await lists('a').finish('aborted')).toMatchObject({ withdrawn: 1, taken: 0, told: 0 })
    await ask(lists('b'))
    await scene.take()
    expect(await lists('b').finish('released')).toMatchObject({ taken: 1, told: 0 })
    expect(await scene.requests()).toEqual([])
  })

  it('still works for its owner when the lease has lapsed, and changes nothing for anybody else', async () => {
    await ask(scene.lists('a'))
    expect(await scene.lists('b').finish('aborted')).toEqual({ kind: 'not-ours' })
    expect(await scene.requests()).toEqual(['shutdown'])
    await lapse()
    expect(await scene.lists('a').finish('aborted')).toMatchObject({ kind: 'finished', withdrawn: 1 })
    expect(await scene.requests()).toEqual([])
  })

  it('leaves word of a clock that stays stopped, until a deploy has one that answers', async () => {
    const deploy = async (id: string, ending: 'aborted' | 'released', resumeMessage = '', taken = true) => {
      const lists = scene.lists(id, { resumeMessage })
      const asked = await ask(lists, { asker: id })
      if (taken) await scene.take()
      await lists.finish(ending)
      await scene.app.del('request')
      return asked.kind === 'asked' ? asked.stoppedBy : asked.kind
    }
    expect(await deploy('a', 'aborted')).toBe('')
    expect(await deploy('b', 'aborted', '', false)).toBe('a')
    expect(await deploy('c', 'aborted', 'resume')).toBe('a')
    expect(await deploy('d', 'aborted')).toBe('')
    expect(await deploy('e', 'released')).toBe('d')
    expect(await deploy('f', 'aborted', '', false)).toBe('')
  })
})

describe('a call whose reply is lost, and that is sent again', () => {
  let proxy: FaultProxy
  let via: ListScene
  beforeAll(async () => {
    via = await openListScene({}, async (port) => {
      proxy = await startFaultProxy(port)
      return proxy.port
    })
  })
  afterAll(async () => {
    await via[Symbol.asyncDispose]()
    await proxy[Symbol.asyncDispose]()
  })
  beforeEach(async () => {
    await via.reset()
    // The server must know the scripts: to NOSCRIPT nothing has been executed.
    const known = via.lists('earlier')
    await ask(known)
    await known.look()
    await known.renew(1)
    await known.withdraw()
    await known.finish('released')
  })

  /** Makes `call` with its reply lost, and returns what it says in the end. */
  async function lost<T>(call: () => Promise<T>): Promise<T> {
    const swallowed = proxy.dropNextReply('evalsha')
    const [said] = await Promise.all([call(), swallowed])
    return said
  }

  it('ask: one request', async () => {
    expect(await lost(() => ask(via.lists('a')))).toMatchObject({ kind: 'asked' })
    expect(await via.requests()).toEqual(['shutdown'])
  })

  it('look: the answer is not eaten', async () => {
    const lists = via.lists('a')
    await ask(lists)
    await via.take()
    await via.app.lpush('response', 'ok')
    expect(await lost(() => lists.look())).toMatchObject({ taken: 1, answered: 1, texts: ['ok'] })
  })

  it('withdraw: what was taken back is told', async () => {
    const lists = via.lists('a')
    await ask(lists, { count: 2 })
    await via.take()
    expect(await lost(() => lists.withdraw())).toMatchObject({ withdrawn: 1, asked: 1 })
  })

  it('finish: one resume message', async () => {
    const lists = via.lists('a', { resumeMessage: 'resume' })
    await ask(lists)
    await via.take()
    expect(await lost(() => lists.finish('aborted'))).toMatchObject({ kind: 'already', taken: 1, told: 1 })
    expect(await via.requests()).toEqual(['resume'])
  })
})
