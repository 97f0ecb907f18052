import { expect, it } from 'vitest'
import { monitor } from '../../soak/monitor.ts'
import { told } from './support/scene.ts'
import { openShop, type Shop } from './support/shop.ts'

const DRY = { 'dry-run': 'true' }
/** What may change nothing: reads, and what a connection begins with. */
const READS = [
  'hello',
  'auth',
  'client',
  'info',
  'ping',
  'evalsha',
  'eval',
  'time',
  'get',
  'hgetall',
  'hget',
  'hlen',
  'command',
  'cluster',
  'role',
  'config',
]
const FROM_THE_APP = ['subscribe', 'lpop', 'blpop']

/** Runs `work`, and fails if it changed anything at Heroku or asked anybody in Redis. */
async function assertNothingDone<T>(shop: Shop, work: () => Promise<T>): Promise<T> {
  const { events } = shop.heroku.log
  const from = events.length
  const releases = shop.app.releases.all.length
  const head = shop.app.head
  const written: string[] = []
  using _ = await monitor(shop.redis.port, (_at, [name = '', ...args]) => {
    if (
      /deploy-gate:\{default\}:(intent|epoch|doorbell)/.test(args[0] ?? '') &&
      !/^(hgetall|hmget|hget|get|exists)$/i.test(name)
    ) {
      written.push([name, ...args].join(' '))
    }
  })
  const result = await work()
  await shop.inRedis.ping()
  expect(written).toEqual([])
  expect(await shop.inRedis.exists('deploy-gate:{default}:intent', 'deploy-gate:{default}:epoch')).toBe(0)
  expect(events.slice(from).filter(({ kind }) => kind !== 'dyno-line')).toEqual([])
  expect(shop.history(from)).toEqual([])
  expect([shop.app.releases.all.length, shop.app.head]).toEqual([releases, head])
  return result
}
