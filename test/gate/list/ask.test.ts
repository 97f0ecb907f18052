import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { newDeployId } from '../../../src/gate/gate.ts'
import { askByList, endByList, inspectLists } from '../../../src/gate/list/ask.ts'
import type { ListTerms } from '../../../src/gate/list/lists.ts'
import { gateKeys } from '../../../src/protocol/keys.ts'
import { createClient } from '../../../src/redis/client.ts'
import { Deployer } from '../../participant/support/deployer.ts'
import { LIMIT } from '../../participant/support/lines.ts'
import { freePort } from '../../support/redis/redis-process.ts'
import { ASKER, TERMS } from '../support/scene.ts'
import { ScriptedParticipant } from '../support/scripted.ts'
import { LISTS, type ListScene, openListScene } from './support/scene.ts'

vi.setConfig({ testTimeout: 30_000 })

let scene: ListScene
beforeAll(async () => {
  scene = await openListScene()
})
afterAll(() => scene[Symbol.asyncDispose]())
beforeEach(() => scene.reset())

const RESTART = 'heroku ps:restart clock --app shop'

describe('before anybody is asked', () => {
  it('it is said what this protocol can not promise, and where better listeners are', async () => {
    await inspectLists(scene.around(), ['clock'])
    expect(scene.log.lines).toEqual([
      expect.stringMatching(
        /^warning: protocol: list can not promise.*dies leaves the clock stopped.*lost on its way.*which deploy it answers.*no progress.*new clock runs is not seen.*docs\/clients\.md/,
      ),
    ])
    expect(await scene.app.keys('*')).toEqual([])
  })

  it('who takes part in the gate itself is named', async () => {
    await new ScriptedParticipant(scene.app, gateKeys('default'), 'clock.1', 'clock').beat()
    await new ScriptedParticipant(scene.app, gateKeys('default'), 'worker.1', 'worker').beat()
    await inspectLists(scene.around(), ['clock'])
    expect(
      scene.log.matching(/^warning: clock\.1 takes part in the gate itself.*Leave protocol out/),
    ).toHaveLength(1)
  })

  it('a deploy by the gate itself is not interrupted', async () => {
    const other = new Deployer(scene.server.url)
    await other.acquire()
    await expect(inspectLists(scene.around(), ['clock'])).rejects.toMatchObject({ outcome: 'busy' })
    other.redis.disconnect()
  })
})

describe('nobody is asked, and nothing is changed', () => {
  it.each([
    ['request', 'list-request-key', 'requests'],
    ['response', 'list-response-key', 'answers'],
  ])('when %s holds something else', async (key, input, what) => {
    await scene.app.hset(key, 'theme', 'dark')
    await expect(scene.ask()).rejects.toMatchObject({
      outcome: 'preflight-failed',
      message: `${input}: the key "${key}" holds a hash, which is no list of ${what}. Nothing was changed, and nobody was asked.`,
      next: expect.stringContaining(`Name in ${input} the list that the listener uses`),
    })
    expect(await scene.app.keys('*')).toEqual([key])
  })

  it('when the request reaches Redis too late', async () => {
    await expect(scene.ask({}, {}, scene.around({ requestValidMs: -1_000 }))).rejects.toMatchObject({
      outcome: 'preflight-failed',
      message: expect.stringContaining('too late to be valid'),
    })
    expect(await scene.requests()).toEqual([])
  })

  it('on a Redis Cluster that keeps the lists on other slots, and with the hash tag it works', async () => {
    // By itself the bus takes the port that is 10,000 higher, which need not exist.
    const bus = `cluster-port ${await freePort()}`
    await using cluster = await openListScene({ config: ['cluster-enabled yes', bus] })
    await cluster.app.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383')
    await expect.poll(() => cluster.app.call('CLUSTER', 'INFO'), LIMIT).toMatch(/cluster_state:ok/)
    await expect(cluster.ask()).rejects.toMatchObject({
      outcome: 'preflight-failed',
      message: expect.stringMatching(
        /^This Redis is a cluster, and the lists "request" and "response" are not on the slot/,
      ),
      next: expect.stringContaining(
        'list-request-key: "{default}:request", list-response-key: "{default}:response"',
      ),
    })
    expect(await cluster.app.keys('*')).toEqual([])
    const hold = await cluster.ask({}, { requestKey: '{default}:request', responseKey: '{default}:response' })
    expect(await cluster.app.llen('{default}:request')).toBe(1)
    await hold[Symbol.asyncDispose]()
  })
})

describe('the rights in docs/list-protocol.md', () => {
  const PAGE = readFileSync(new URL('../../../docs/list-protocol.md', import.meta.url), 'utf8')
  const USER = /^user gate .*$/m.exec(PAGE)?.[0] ?? ''

  async function as(user: string, terms: ListTerms) {
    const own = await openListScene({ acl: [user] })
    const client = createClient(
      { host: '127.0.0.1', port: own.server.port, tls: false, db: 0, username: 'gate', password: 'password' },
      { verify: true },
      { commandTimeoutMs: 5_000, silentLinkMs: 5_000, retryDelay: () => null },
    )
    await client.connect()
    const around = { ...own.around(), host: client }
    return {
      own,
      client,
      ask: () => askByList(around, 'default', terms, newDeployId(), TERMS, ASKER),
      async [Symbol.asyncDispose]() {
        client.disconnect()
        await own[Symbol.asyncDispose]()
      },
    }
  }

  it('are enough for both sides', async () => {
    await using it = await as(USER, { ...LISTS, resumeMessage: 'resume' })
    // A key that lives on beside the requests makes every step that there is.
    await it.client.lpush('request', 'report')
    const hold = await it.ask()
    await it.client.brpop('request', 5)
    await it.client.brpop('request', 5)
    await it.client.lpush('response', 'ok')
    expect(await hold.drained()).toBe(true)
    await hold.commit()
    expect(await hold.concerns()).toEqual([])
    const resumed = it.own.take()
    await hold[Symbol.asyncDispose]()
    expect(await resumed).toBe('resume')
    const second = await it.ask()
    await second[Symbol.asyncDispose]()
    expect(await it.own.requests()).toEqual([])
    expect(it.own.log.matching(/^warning/)).toEqual([])
  })

  it('are named to a user who may not use the lists', async () => {
    await using it = await as(USER.replace('~request ', ''), LISTS)
    await expect(it.ask()).rejects.toMatchObject({
      outcome: 'preflight-failed',
      message: expect.stringMatching(
        /^The user of the Redis URL may not use the lists "request" and "response"/,
      ),
      next: expect.stringContaining('docs/list-protocol.md'),
    })
  })
})

describe('a deploy that was stopped before it could end anything', () => {
  const end = (id: string, terms: Partial<ListTerms> = {}, numbers = {}) =>
    endByList(scene.around(numbers), 'default', { ...LISTS, ...terms }, id, TERMS.asked, 'shop')
  const asks = (id: string, terms: Partial<ListTerms> = {}) => {
    const request = { leaseMs: 60_000, notAfter: Number.MAX_SAFE_INTEGER, asker: '{}', count: 1 }
    return scene.lists(id, terms).ask(request)
  }

  it('has its request taken back, by its id alone', async () => {
    await asks('a')
    await end('a')
    expect(await scene.requests()).toEqual([])
    expect(scene.log.lines).toEqual([
      'this job was stopped while its request was out: ended it',
      'took "shutdown" back out of the list "request": nobody had taken it',
    ])
  })

  it('has the clock told to go on', async () => {
    await asks('a', { resumeMessage: 'resume' })
    await scene.take()
    const told = scene.take()
    await end('a', { resumeMessage: 'resume' })
    expect(await told).toBe('resume')
    expect(scene.log.matching(/^warning/)).toEqual([])
  })

  it('says that the clock stays stopped when nothing can tell it', async () => {
    await asks('a')
    await scene.take()
    await end('a')
    expect(scene.log.matching(/^warning/)).toEqual([
      expect.stringMatching(new RegExp(`the clock stays stopped until its dyno restarts.*${RESTART}`, 'i')),
    ])
  })

  it('changes nothing when it is over, was never asked for, or is another one', async () => {
    await end('a')
    await asks('b')
    await end('a')
    await end('b')
    scene.log.lines.length = 0
    await scene.app.lpush('request', 'shutdown')
    await end('b')
    expect(scene.log.lines).toEqual(['the drain of this job was over already: nothing to do'])
    expect(await scene.requests()).toEqual(['shutdown'])
  })
})
