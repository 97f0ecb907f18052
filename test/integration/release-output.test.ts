import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openShop, type Shop } from './support/shop.ts'

/** A release phase that prints, and ends when the file $GO is there; without one at once. */
const PHASE = `echo "migrating $HEROKU_RELEASE_VERSION"
if [ -n "$GO" ]; then while [ ! -e "$GO" ]; do sleep 0.1; done; fi
echo "migrated $HEROKU_RELEASE_VERSION"
`

async function openWithPhase(): Promise<Shop & { go(): void }> {
  const files = { Procfile: 'clock: node clock.js\nrelease: sh phase.sh\n', 'phase.sh': PHASE }
  const shop = await openShop({ files })
  const go = join(shop.path, '../go')
  shop.app.configVars.set('GO', go)
  return { ...shop, go: () => writeFileSync(go, '') }
}

const timesOf = (log: string, line: string) => log.split('\n').filter((one) => one.includes(line)).length

it.concurrent('of a push is shown once, as git prints it', { timeout: 60_000 }, async () => {
  await using shop = await openWithPhase()
  await using deploy = shop.step()
  await deploy.waitForLine(/^remote: migrating v2$/)
  expect(shop.history().slice(-3)).toEqual(['v1 clock.1: draining', 'build', 'v2 pending'])
  shop.go()
  const { outputs, log } = await deploy.done
  expect(outputs.outcome).toBe('deployed')
  expect([timesOf(log, 'migrating v2'), timesOf(log, 'migrated v2')]).toEqual([1, 1])
})

it.concurrent('of a slug is streamed while it runs', { timeout: 60_000 }, async () => {
  await using shop = await openWithPhase()
  await using deploy = shop.again({ strategy: 'slug', slug: 'v1', 'up-to-date': 'rerelease' })
  await deploy.waitForLine(/^release: migrating v2$/)
  expect(shop.app.releases.all.at(-1)?.status).toBe('pending')
  shop.go()
  const { outputs, log } = await deploy.done
  expect(outputs.outcome).toBe('deployed')
  expect(log).toMatch(
    /^Release v2 of [0-9a-f]{8}: pending\n(.*\n)*release: migrating v2\nrelease: migrated v2$/m,
  )
  expect(timesOf(log, 'migrated v2')).toBe(1)
})

it.concurrent('of a promotion and of a way back, too', { timeout: 60_000 }, async () => {
  await using shop = await openWithPhase()
  shop.go()
  await shop.staging()
  await using deploy = shop.again({
    strategy: 'promote',
    'promote-from': 'shop-staging',
    'health-check-url': 'http://127.0.0.1:9/',
    'health-check-timeout': '5s',
    'health-check-interval': '5s',
    'rollback-on-failure': 'true',
  })
  const { outputs, log } = await deploy.done
  expect(outputs).toMatchObject({ outcome: 'health-check-failed', release: 'v2', rollback: 'v3' })
  for (const line of ['migrating v2', 'migrated v2', 'migrating v3', 'migrated v3']) {
    expect(log).toMatch(new RegExp(`^release: ${line}$`, 'm'))
    expect(timesOf(log, line)).toBe(1)
  }
})
