import { expect, it } from 'vitest'
import { told } from './support/scene.ts'
import { openShop, type Shop } from './support/shop.ts'

const BACK = { 'rollback-on-failure': 'true', 'wait-for-clock': '20s' }
const procfile = (clock: string, web = 'sleep 1000') => ({ Procfile: `clock: ${clock}\nweb: ${web}\n` })
const GOOD = { files: procfile('node clock.js'), formation: { web: 1 } }
/** A check that fails: nobody listens at this address. */
const UNWELL = {
  'health-check-url': 'http://127.0.0.1:9/',
  'health-check-timeout': '1s',
  'health-check-interval': '1s',
}
/** Time for a clock to begin a job, and be in the middle of it when the check has failed. */
const IN_TIME = { 'health-check-timeout': '5s' }

const descriptions = ({ app }: Shop) => app.releases.all.slice(1).map(({ description }) => description)

it.concurrent('a release whose dynos crash is taken back', { timeout: 120_000 }, async () => {
  await using shop = await openShop(GOOD)
  await using deploy = shop.step(BACK, procfile('node clock.js', 'false'))
  const result = await deploy.done
  expect(result.outputs).toMatchObject({ outcome: 'dynos-not-up', release: 'v2', rollback: 'v3' })
  expect(result.code).toBe(1)
  const errors = told(result, 'error')
  expect(errors).toMatch(
    /^v2 is released, but web\.1 crashes\. It was taken back: shop runs what v1 was, as v3\.$/m,
  )
  expect(errors).toContain('heroku logs --dyno web.1 --app shop')
  expect(errors).not.toContain('heroku rollback')
  expect(result.summary).toMatch(/^\| Release \| Taken back by \|.*\n.*\n\| v2 \| v3 \|/m)
  expect(descriptions(shop)).toEqual([expect.stringMatching(/^Deploy /), 'Rollback to v1'])
  await shop.works('v3')
  expect(shop.app.releases.current?.slug).toBe(shop.app.releases.all[0]?.slug)
})

it.concurrent('a release whose clock never joins is taken back', { timeout: 120_000 }, async () => {
  await using shop = await openShop(GOOD)
  await using deploy = shop.step(
    { ...BACK, 'wait-for-clock': '8s' },
    procfile('env CLOCK_MODE=no-gate node clock.js'),
  )
  const result = await deploy.done
  expect(result.outputs).toMatchObject({ outcome: 'clock-not-seen', release: 'v2', rollback: 'v3' })
  expect(told(result, 'error')).toMatch(
    /^v2 is released, but no clock of it joined the gate within 8 s\. It was taken back: shop runs what v1 was, as v3\.$/m,
  )
  expect(result.log).toMatch(/^up on v3: clock\.1, web\.1\nclock\.1 of v3 is scheduling$/m)
  expect(descriptions(shop)).toEqual([expect.stringMatching(/^Deploy /), 'Rollback to v1'])
  await shop.works('v3')
})

it.concurrent('a release that is not well is taken back when its clock has finished its job', {
  timeout: 120_000,
}, async () => {
  await using shop = await openShop(GOOD)
  await shop.startJob()
  const from = shop.heroku.log.events.length
  await using deploy = shop.step({ ...BACK, ...UNWELL, ...IN_TIME })
  await deploy.waitForLine(/^clock\.1 accepted: 1 job running/)
  await shop.endJob()
  await deploy.waitForLine(/^clock\.1 is drained/)
  await shop.startJob('v2')
  await deploy.waitForLine(/^##\[warning\]v2 is released, but .* did not answer well.* Going back to v1$/)
  await shop.heroku.log.waitFor((event) => shop.isLine(event, 'v2', /^draining/))
  await shop.endJob()
  const result = await deploy.done
  expect(result.outputs).toMatchObject({
    outcome: 'health-check-failed',
    release: 'v2',
    rollback: 'v3',
    'jobs-finished': '2',
  })
  expect(JSON.parse(result.outputs.drained ?? '')).toMatchObject([
    { dyno: 'clock.1', finished: 1 },
    { dyno: 'clock.1', finished: 1 },
  ])
  await shop.works('v3')
  expect(shop.history(from).filter((line) => !line.includes('web.1'))).toEqual([
    'v1 clock.1: draining',
    'v1 clock.1: job 1 finished',
    'build',
    'v2 pending',
    'v2 succeeded',
    'v1 clock.1 SIGTERM',
    'v2 clock.1: scheduling',
    'v2 clock.1: job 1 started',
    'v2 clock.1: draining',
    'v2 clock.1: job 1 finished',
    'v3 pending',
    'v3 succeeded',
    'v2 clock.1 SIGTERM',
    'v3 clock.1: scheduling',
  ])
})

it.concurrent('a new clock that hangs in its job keeps nobody from going back', {
  timeout: 120_000,
}, async () => {
  await using shop = await openShop(GOOD)
  await using deploy = shop.step({
    ...BACK,
    ...UNWELL,
    ...IN_TIME,
    'acknowledge-timeout': '5s',
    'drain-timeout': '5s',
  })
  await deploy.waitForLine(/^clock\.1 is drained/)
  await shop.startJob('v2')
  const result = await deploy.done
  expect(result.outputs).toMatchObject({ outcome: 'health-check-failed', release: 'v2', rollback: 'v3' })
  expect(told(result, 'warning')).toMatch(
    /Not drained within 5 s: clock\.1 \(1 job running.*Deploying all the same/,
  )
  expect(shop.history()).toContain('v2 clock.1: job 1 started')
  expect(shop.history()).not.toContain('v2 clock.1: job 1 finished')
  await shop.works('v3')
})

it.concurrent('nor does one that refuses to drain', { timeout: 120_000 }, async () => {
  await using shop = await openShop(GOOD)
  await using deploy = shop.step({ ...BACK, ...UNWELL }, procfile('env CLOCK_MODE=refuse node clock.js'))
  const result = await deploy.done
  expect(result.outputs).toMatchObject({ outcome: 'health-check-failed', release: 'v2', rollback: 'v3' })
  expect(told(result, 'warning')).toMatch(/the warehouse is being counted.* Going back without a drain$/m)
  await shop.works('v3')
})

it.concurrent('nor does one that says nothing any more', { timeout: 120_000 }, async () => {
  await using shop = await openShop(GOOD)
  await using deploy = shop.step({ ...BACK, ...UNWELL, ...IN_TIME, 'acknowledge-timeout': '5s' })
  await deploy.waitForLine(/^clock\.1 of the new release is scheduling$/)
  const killed = shop.app.dynos.kill('clock.1', 'SIGSTOP')
  const result = await deploy.done
  expect(result.outputs).toMatchObject({ outcome: 'health-check-failed', release: 'v2', rollback: 'v3' })
  expect(told(result, 'warning')).toMatch(/clock\.1 .* Going back without a drain$/m)
  expect((await killed).signal).toBe('SIGKILL')
  await shop.works('v3')
})

it.concurrent('what to do by hand is said when Heroku refuses to go back', { timeout: 120_000 }, async () => {
  await using shop = await openShop(GOOD)
  const body = { id: 'conflict', message: 'Another release is under way.' }
  shop.app.nextApi({ path: '/apps/shop/releases', method: 'POST', status: 409, body })
  await using deploy = shop.step({ ...BACK, ...UNWELL })
  const result = await deploy.done
  expect([result.code, result.outputs.outcome, result.outputs.rollback]).toEqual([
    1,
    'health-check-failed',
    '',
  ])
  const errors = told(result, 'error')
  expect(errors).toMatch(/^v2 is released, but .* did not answer well .* Going back to v1 failed as well: /m)
  expect(errors).toContain('Heroku says: "Another release is under way."')
  expect(errors).toContain('Go back by hand: `heroku rollback v1 --app shop`.')
  expect(descriptions(shop)).toHaveLength(1)
  // What is released works on: the clock was drained for nothing.
  await shop.works('v2', shop.heroku.log.events.length)
  expect(shop.history().slice(-2)).toEqual(['v2 clock.1: draining', 'v2 clock.1: scheduling'])
})

it.concurrent('it is not tried again when the release phase of the way back fails', {
  timeout: 120_000,
}, async () => {
  await using shop = await openShop(GOOD)
  shop.app.nextReleasePhase({})
  shop.app.nextReleasePhase({ fail: true })
  await using deploy = shop.step({ ...BACK, ...UNWELL })
  const result = await deploy.done
  expect([result.outputs.outcome, result.outputs.rollback]).toEqual(['health-check-failed', ''])
  expect(told(result, 'error')).toMatch(/Going back to v1 failed as well: .*its release v3 failed/)
  await shop.works('v2', shop.heroku.log.events.length)
  // Once, never in a loop.
  expect(descriptions(shop)).toHaveLength(2)
})

it.concurrent('without a clock the way back needs no Redis either', { timeout: 120_000 }, async () => {
  await using shop = await openShop({ ...GOOD, formation: { web: 1, clock: 0 } })
  shop.app.configVars.delete('REDIS_URL')
  await using deploy = shop.step({ ...BACK, ...UNWELL })
  const result = await deploy.done
  expect(result.outputs).toMatchObject({ outcome: 'health-check-failed', release: 'v2', rollback: 'v3' })
  expect(told(result, 'warning')).toMatch(/^v2 is released, but .* Going back to v1$/)
})

it.concurrent('nothing is taken back where nothing was released', { timeout: 120_000 }, async () => {
  await using shop = await openShop(GOOD)
  shop.app.nextBuild({ fail: 'failed to compile Node.js app.' })
  await using build = shop.step(BACK)
  expect((await build.done).outputs).toMatchObject({ outcome: 'build-failed', rollback: '' })
  shop.app.nextReleasePhase({ fail: true })
  await using release = shop.step(BACK)
  expect((await release.done).outputs).toMatchObject({ outcome: 'release-failed', rollback: '' })
  expect(shop.app.releases.all.map(({ status }) => status)).toEqual(['succeeded', 'failed'])
  await shop.works('v1', shop.heroku.log.events.length)
})

it.concurrent('a job that is cancelled on the way back says where it was', { timeout: 120_000 }, async () => {
  await using shop = await openShop(GOOD)
  shop.app.nextReleasePhase({})
  shop.app.nextReleasePhase({ hold: true })
  await using deploy = shop.step({ ...BACK, ...UNWELL })
  await shop.heroku.log.waitFor(({ text }) => text === 'v3 pending', { timeoutMs: 60_000 })
  await deploy.cancel()
  const result = await deploy.done
  expect([result.code, result.outputs.outcome]).toEqual([1, 'cancelled'])
  expect(told(result, 'error')).toMatch(
    /v2 is released and does not work\. Going back to v1 was ended here: `heroku releases --app shop` tells how far it came, and `heroku rollback v1 --app shop` goes back by hand\.$/m,
  )
})
