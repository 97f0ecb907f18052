import { expect, it, vi } from 'vitest'
import { gateKeys } from '../../src/protocol/keys.ts'
import { type Cluster, startCluster } from '../support/redis/cluster.ts'
import { type RedisServer, startRedis } from '../support/redis/redis-server.ts'
import { type Sentinels, startSentinels } from '../support/redis/sentinel.ts'
import { DeployerAtServer } from './support/at-server.ts'
import { LANGUAGES, startJoined } from './support/joined.ts'

vi.setConfig({ testTimeout: 180_000 })

const { intent, roster } = gateKeys('default')
const PLACES = ['~deploy-gate:*', '&deploy-gate:*']
/** What each beat may need. As long as no row is old enough to be removed, `hexists` and `hdel` are not asked for. */
const BEAT = '+eval +evalsha +time +hget +hmget +hgetall +hexists +hlen +hset +hdel +publish'.split(' ')

const user = (name: string, rights: readonly string[]) =>
  `user ${name} on >pa55word -@all ${rights.join(' ')}`
/** The URL with this user. */
const as = (name: string, url: string) => url.replace('://', `://${name}:pa55word@`)

/** A row that the next boot removes. */
async function leaveOldRow(deployer: DeployerAtServer) {
  const row = { v: '1', type: 'clock', dyno: 'clock.9', state: 'running', joined: 1, seen: 1, until: 1 }
  await deployer.redis.hset(roster, 'clock.9#old', JSON.stringify(row))
}

it.each(LANGUAGES)(
  '%s: takes part with the least rights, and names the one that it lacks',
  async (language) => {
    const lacking = [...BEAT, ...PLACES].map((right, index) => ({ right, name: `lacks${index}` }))
    await using redis: RedisServer = await startRedis({
      acl: [
        user('gate', [...BEAT, ...PLACES]),
        ...lacking.map(({ right, name }) =>
          user(
            name,
            [...BEAT, ...PLACES].filter((one) => one !== right),
          ),
        ),
      ],
    })
    await using deployer = new DeployerAtServer(redis.port)
    await leaveOldRow(deployer)
    {
      await using app = startJoined(language, as('gate', redis.url))
      await deployer.sees({ state: 'running' })
      const asked = await deployer.acquire()
      await deployer.sees({ state: 'drained', epoch: asked.epoch })
      await deployer.finish(asked, 'aborted')
      await app.says(/^resume$/)
      expect(app.printed.filter((line) => /refused|reached/.test(line))).toEqual([])
      expect(await deployer.redis.hexists(roster, 'clock.9#old')).toBe(0)
    }

    for (const { right, name } of lacking) {
      await leaveOldRow(deployer)
      // Of a server that knows the script nobody asks for EVAL.
      await deployer.redis.script('FLUSH')
      await using app = startJoined(language, as(name, redis.url))
      const named = { '~': 'keys?\\b.* a right', '&': 'channels?\\b.* a right', '+': `the right \\${right}` }
      await app.says(
        new RegExp(
          `Redis refused a beat \\(.*${named[right[0] as '+']}; docs/redis.md.*; this process goes on`,
        ),
      )
      expect(app.printed.join()).not.toContain('pa55word')
    }
  },
)

it.each(LANGUAGES)('%s: needs one right more behind sentinels: role', async (language) => {
  await using sentinels: Sentinels = await startSentinels({
    replicas: 0,
    acl: [user('gate', [...BEAT, '+role', ...PLACES]), user('lacking', [...BEAT, ...PLACES])],
  })
  await using deployer = new DeployerAtServer(await sentinels.primaryPort())
  await using app = startJoined(language, as('gate', sentinels.url))
  await deployer.sees({ state: 'running' })
  await app.says(/^joined$/)
  expect(app.printed).toEqual(['joined'])
  await using other = startJoined(language, as('lacking', sentinels.url))
  await other.says(/Redis refused a beat \(.*the right \+role; docs\/redis.md/)
})

it.each(LANGUAGES)('%s: needs one right more in a cluster: cluster|slots', async (language) => {
  await using cluster: Cluster = await startCluster({
    acl: [user('gate', [...BEAT, '+cluster|slots', ...PLACES]), user('lacking', [...BEAT, ...PLACES])],
  })
  await using deployer = new DeployerAtServer(await cluster.ownerOf(intent))
  await using app = startJoined(language, as('gate', cluster.url))
  await deployer.sees({ state: 'running' })
  await app.says(/^joined$/)
  expect(app.printed).toEqual(['joined'])
  await using other = startJoined(language, as('lacking', cluster.url))
  await other.says(/Redis refused a beat \(.*the right \+cluster\|slots; docs\/redis.md/)
})
