import { expect, it } from 'vitest'
import { monitor } from '../../soak/monitor.ts'
import { told } from './support/scene.ts'
import { openShop, type Shop } from './support/shop.ts'

const DRY = { 'dry-run': 'true' }
const WRITES = /^(set|del|unlink|hset|hdel|lpush|rpush|publish|expire|pexpire|incr|flush)/i
/** Its beats, and the jobs of its app. */
const BY_THE_CLOCK =
  /^(hset|hdel) deploy-gate:\{default\}:roster |^publish deploy-gate:\{default\}:reports |^\w+ jobs:/i

/** Fails if `work` changes anything at Heroku, or writes anything into Redis that is not the clock's own. */
async function assertUntouched<T>(shop: Shop, work: () => Promise<T>): Promise<T> {
  const { events } = shop.heroku.log
  const { releases } = shop.app
  const [from, before, head] = [events.length, releases.all.length, shop.app.head]
  const written: string[] = []
  const { promise: read, resolve } = Promise.withResolvers<void>()
  using _ = await monitor(shop.redis.port, (_at, args) => {
    const command = args.join(' ')
    if (command === 'echo over') resolve()
    if (WRITES.test(command) && !BY_THE_CLOCK.test(command)) written.push(command)
  })
  const result = await work()
  await shop.inRedis.echo('over')
  await read
  expect(written).toEqual([])
  expect(events.slice(from).filter(({ kind }) => kind !== 'dyno-line')).toEqual([])
  expect(shop.history(from)).toEqual([])
  expect([releases.all.length, shop.app.head]).toEqual([before, head])
  return result
}

it('a dry run says who takes part and what a deploy would do, and does none of it', {
  timeout: 60_000,
}, async () => {
  await using shop = await openShop()
  await shop.startJob()
  const result = await assertUntouched(shop, async () => {
    await using deploy = shop.step(DRY)
    return await deploy.done
  })
  const { outputs, code, log, summary, annotations } = result
  expect(outputs).toMatchObject({ outcome: 'dry-run', release: '', drained: '[]' })
  expect(code).toBe(0)
  expect(annotations).toEqual([])
  expect(log).toMatch(/^shop runs v1; HEAD is [0-9a-f]{8}$/m)
  expect(log).toMatch(/^taking part: clock\.1$/m)
  expect(log).toMatch(/^clock\.1: v1, protocol 1, scheduling$/m)
  expect(log).toMatch(
    /^A deploy would have clock drain, for 5 min at most, and then push [0-9a-f]{8}\. This was a dry run: nobody was asked for anything\.$/m,
  )
  expect(summary).toMatch(/^## ✅ Dry run, a deploy could begin: shop$/m)
  // The job runs on.
  await shop.endJob()
  await shop.says('v1', /^job 1 finished/)
})

it('a token that can only read is enough', { timeout: 60_000 }, async () => {
  await using shop = await openShop()
  const token = shop.heroku.createToken(['read', 'read-protected'])
  const dry = await assertUntouched(shop, async () => {
    await using deploy = shop.step({ ...DRY, 'heroku-api-key': token })
    return await deploy.done
  })
  expect([dry.code, dry.outputs.outcome]).toEqual([0, 'dry-run'])
  expect(dry.log).toMatch(/^taking part: clock\.1$/m)
})

it('also where git does not let it in, which a deploy would not survive', { timeout: 60_000 }, async () => {
  await using shop = await openShop({ gitScope: 'write' })
  const token = shop.heroku.createToken(['read-protected'])
  const dry = await assertUntouched(shop, async () => {
    await using deploy = shop.step({ ...DRY, 'heroku-api-key': token })
    return await deploy.done
  })
  expect([dry.code, dry.outputs.outcome]).toEqual([0, 'dry-run'])
  expect(told(dry, 'warning')).toMatch(
    /^The token in `heroku-api-key` may not use the git repository of shop.* A deploy with this token would fail here/,
  )
  await using deploy = shop.step({ 'heroku-api-key': token })
  expect((await deploy.done).outputs.outcome).toBe('preflight-failed')
})

it('a clock that has not joined is named', { timeout: 60_000 }, async () => {
  await using shop = await openShop({ configVars: { CLOCK_MODE: 'no-gate' } })
  const result = await assertUntouched(shop, async () => {
    await using deploy = shop.step(DRY)
    return await deploy.done
  })
  expect([result.code, result.outputs.outcome]).toEqual([0, 'dry-run'])
  expect(told(result, 'warning')).toBe(
    'clock.1 is up on v1 but has not joined the gate: a deploy would wait 30 s for it, and then fail with missing-clock',
  )
  expect(result.log).toMatch(
    /^As things stand a deploy would fail with missing-clock, because too few take part as clock\./m,
  )
  expect(result.summary).toMatch(/^## ⚠️ Dry run/m)
})

it.each([
  { how: 'skip', would: 'a deploy would do nothing' },
  { how: 'fail', would: 'a deploy would fail with nothing-to-deploy' },
  { how: 'rerelease', would: 'A deploy would have clock drain, for 5 min at most, and then release ' },
])('of what runs already, under up-to-date: $how', { timeout: 60_000 }, async ({ how, would }) => {
  await using shop = await openShop()
  const commit = shop.change()
  await shop.app.deployFolder(shop.path, { commit })
  await shop.works('v2')
  const { outputs, code, log } = await assertUntouched(shop, async () => {
    await using deploy = shop.again({ ...DRY, 'up-to-date': how })
    return await deploy.done
  })
  expect([code, outputs.outcome]).toEqual([0, 'dry-run'])
  expect(log).toContain(would)
})

it('what would stop a deploy before its drain stops a dry run too', { timeout: 60_000 }, async () => {
  await using shop = await openShop()
  const result = await assertUntouched(shop, async () => {
    await using deploy = shop.again({ ...DRY, strategy: 'promote', 'promote-from': 'shop-staging' })
    return await deploy.done
  })
  expect([result.code, result.outputs.outcome]).toEqual([1, 'preflight-failed'])
  expect(told(result, 'error')).toContain(
    'Heroku knows no app of the name shop-staging, which `promote-from` names, that this token can see',
  )
})
