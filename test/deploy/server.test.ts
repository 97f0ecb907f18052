import { describe, expect, it } from 'vitest'
import { openServer, trust } from '../../src/deploy/server.ts'
import { systemTime } from '../../src/time.ts'
import { Lines } from '../participant/support/lines.ts'
import { startRedis } from '../support/redis/redis-server.ts'

const PIN = 'ab'.repeat(32)

const plan = (redis: Partial<Parameters<typeof openServer>[0]['redis']> = {}) => ({
  app: 'shop',
  gateName: 'default',
  redis: { configVar: 'REDIS_URL', tls: 'auto' as const, ...redis },
})

function needs(value: string) {
  const masked: string[] = []
  const log = new Lines()
  const { signal } = new AbortController()
  const around = { log, time: systemTime, signal, configVar: async () => value }
  return { masked, ...around, mask: (secret: string) => masked.push(secret) }
}

describe('the certificate', () => {
  it.each([
    ['auto', true, undefined, false],
    ['auto', false, undefined, true],
    ['auto', false, PIN, false],
    ['verify', true, undefined, true],
    ['verify', true, PIN, true],
    ['insecure', false, undefined, false],
  ] as const)(
    'under %s, from config vars %s, pinned %s, must be signed: %s',
    (tls, fromVars, pin, verify) => {
      const redis = { tls, ...(pin && { fingerprints: [pin] }) }
      expect(trust(plan(redis), fromVars)).toEqual({ verify, ...(pin && { pins: [pin] }) })
    },
  )

  it('that was accepted from config vars unseen is told, so that it can be pinned', async () => {
    await using redis = await startRedis({ tls: true })
    const given = needs(redis.url)
    await using server = await openServer(plan(), given)
    expect(server.fingerprint).toBe(redis.fingerprint)
    expect(given.log.matching(/redis-tls-fingerprint can pin it/)).toEqual([
      expect.stringContaining(redis.fingerprint),
    ])
  })
})

it('masks the URL and its password, as it is and as it is written, before it connects', async () => {
  await using redis = await startRedis({ password: 'p@ss/word' })
  const given = needs(redis.url)
  await using _ = await openServer(plan(), given)
  expect(given.masked).toEqual(expect.arrayContaining([redis.url, 'p@ss/word', 'p%40ss%2Fword']))
})

it('says which URL can not be used, what it must look like, and where to change it, without showing it', async () => {
  const given = needs('http://:pa55@host')
  const error = await openServer(plan(), given).then(
    () => undefined,
    (reason) => reason,
  )
  expect(error).toMatchObject({
    outcome: 'preflight-failed',
    message: expect.stringMatching(
      /^The Redis URL in config var REDIS_URL of shop can't be used: it begins with/,
    ),
    next: expect.stringMatching(/^It must look like redis:.*redis-config-var/),
  })
  expect(error.message + error.next).not.toContain('pa55')
  expect(given.masked).toContain('http://:pa55@host')
})

describe('what to do about a password that is not accepted', () => {
  const refusal = async (given: Partial<Parameters<typeof openServer>[0]['redis']>, fromVar: string) => {
    const error = await openServer(plan(given), needs(fromVar)).then(
      () => undefined,
      (reason) => reason,
    )
    expect(error.message).toMatch(/did not accept the user or password of the URL \(WRONGPASS\)\.$/)
    return error.next as string
  }

  it('is to leave redis-url out, if the URL was given there', async () => {
    await using redis = await startRedis({ password: 'right' })
    const wrong = redis.url.replace('right', 'wrong')
    expect(await refusal({ url: wrong }, '')).toMatch(/leave redis-url out/)
  })

  it('is not, if it came from a config var', async () => {
    await using redis = await startRedis({ password: 'right' })
    const next = await refusal({}, redis.url.replace('right', 'wrong'))
    expect(next).toMatch(/run the deploy again.*heroku config --app shop.*redis-config-var/)
    expect(next).not.toContain('redis-url')
  })
})
