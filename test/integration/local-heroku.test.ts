import { expect, it } from 'vitest'
import { openShop } from './support/shop.ts'

it('a job outlives the deploy that would have killed it', { timeout: 60_000 }, async () => {
  await using shop = await openShop()
  await shop.startJob()
  const from = shop.heroku.log.events.length
  await using deploy = shop.step()
  await deploy.waitForLine(/^clock\.1 accepted: 1 job running/)
  await shop.endJob()
  const { outputs, code } = await deploy.done
  expect(outputs).toMatchObject({ outcome: 'deployed', release: 'v2', 'jobs-finished': '1' })
  expect(code).toBe(0)
  await shop.heroku.log.waitFor(({ kind, release }) => kind === 'dyno-exited' && release === 'v1')
  await shop.works('v2')
  expect(shop.history(from)).toEqual([
    'v1 clock.1: draining',
    'v1 clock.1: job 1 finished',
    'build',
    'v2 pending',
    'v2 succeeded',
    'v1 clock.1 SIGTERM',
    'v2 clock.1: scheduling',
  ])
  // From its drain on the old one started nothing.
  const { events } = shop.heroku.log
  const drained = events.findIndex((event) => shop.isLine(event, 'v1', /^draining/))
  expect(events.slice(drained).filter((event) => shop.isLine(event, 'v1', /^tick/))).toEqual([])
})

it('the old clock goes on when the build fails', { timeout: 60_000 }, async () => {
  await using shop = await openShop()
  await shop.startJob()
  const from = shop.heroku.log.events.length
  shop.app.nextBuild({ fail: 'failed to compile Node.js app.' })
  await using deploy = shop.step()
  await deploy.waitForLine(/^clock\.1 accepted: 1 job running/)
  await shop.endJob()
  const { outputs, code } = await deploy.done
  expect([code, outputs.outcome]).toEqual([1, 'build-failed'])
  await shop.works('v1', shop.heroku.log.events.length)
  expect(shop.history(from)).toEqual([
    'v1 clock.1: draining',
    'v1 clock.1: job 1 finished',
    'build',
    'v1 clock.1: scheduling',
  ])
})
