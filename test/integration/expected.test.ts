import { expect, it } from 'vitest'
import { told } from './support/scene.ts'
import { openShop } from './support/shop.ts'

it.concurrent('a clock that is scaled to 0 needs no drain, and no Redis either', {
  timeout: 60_000,
}, async () => {
  await using shop = await openShop({ formation: { clock: 0 } })
  shop.app.configVars.delete('REDIS_URL')
  await using deploy = shop.step()
  const { outputs, code, log, annotations } = await deploy.done
  expect(outputs).toMatchObject({ outcome: 'deployed', release: 'v2', drained: '[]' })
  expect(code).toBe(0)
  expect(log).toMatch(/^clock is scaled to 0: there is nobody to drain$/m)
  expect(log).toMatch(
    /^shop runs [0-9a-f]{8} as v2, deployed without a drain, since there was nobody to drain\.$/m,
  )
  expect(log).toMatch(/^up on v2: nobody, as no dyno is to run$/m)
  expect(log).not.toContain('Redis')
  expect(annotations).toEqual([])
})

it.concurrent('of two clocks both must take part', { timeout: 60_000 }, async () => {
  await using shop = await openShop({ formation: { clock: 2 } })
  await using deploy = shop.step()
  const { outputs } = await deploy.done
  expect(outputs.outcome).toBe('deployed')
  expect(JSON.parse(outputs.drained ?? '')).toMatchObject([{ dyno: 'clock.1' }, { dyno: 'clock.2' }])
})

it.concurrent('of two clocks one has never joined', { timeout: 60_000 }, async () => {
  // Its own program, and not that of the first one.
  const files = {
    Procfile: 'clock: sh clock.sh\n',
    'clock.sh': 'if [ "$DYNO" = clock.2 ]; then export CLOCK_MODE=no-gate; fi\nexec node clock.js\n',
  }
  await using shop = await openShop({ formation: { clock: 2 }, files })
  const schedules = (dyno: string, past = 0) =>
    shop.heroku.log.waitFor((event) => event.dyno === dyno && shop.isLine(event, 'v1', /^scheduling/), {
      from: past,
    })
  await Promise.all([schedules('clock.1'), schedules('clock.2')])
  const from = shop.heroku.log.events.length
  await using deploy = shop.step({ 'acknowledge-timeout': '3s' })
  const result = await deploy.done
  expect([result.code, result.outputs.outcome]).toEqual([1, 'missing-clock'])
  expect(told(result, 'error')).toMatch(
    /^clock\.2 is up on v1 but has not joined the gate\. 1 of 2 clock participants took part/,
  )
  await schedules('clock.1', from)
  expect(shop.history(from)).toEqual(['v1 clock.1: draining', 'v1 clock.1: scheduling'])
})

it.concurrent('a clock that has crashed is not waited for', { timeout: 60_000 }, async () => {
  // Crashes whenever it is not of the new release: v1 never gets to work.
  const crash = { Procfile: 'clock: sh -c "exit 1"\nweb: sleep 1000\n' }
  await using shop = await openShop({ formation: { clock: 0 }, files: crash })
  shop.app.scale('clock', 1)
  const states = () => shop.app.dynos.current.filter(({ type }) => type === 'clock').map(({ state }) => state)
  await expect.poll(states, { timeout: 20_000 }).toEqual(['crashed'])
  await using deploy = shop.step({}, { Procfile: 'clock: node clock.js\nweb: sleep 1000\n' })
  const { outputs, code, log } = await deploy.done
  expect([code, outputs.outcome, outputs.release]).toEqual([0, 'deployed', 'v2'])
  expect(log).toMatch(
    /^clock\.1 is crashed: nothing runs there that a deploy could end, so it is not waited for$/m,
  )
  await shop.works('v2')
})

it.concurrent('a process type that the app does not have is named', { timeout: 60_000 }, async () => {
  await using shop = await openShop()
  const from = shop.heroku.log.events.length
  await using deploy = shop.step({ processes: 'clokc', 'acknowledge-timeout': '2s' })
  const result = await deploy.done
  expect([result.code, result.outputs.outcome]).toEqual([1, 'missing-clock'])
  expect(result.log).toContain('Heroku knows no process type clokc of this app: it has clock')
  expect(shop.history(from)).toEqual([])
})

it.concurrent('a token that may not read the dynos leaves it to `processes`', {
  timeout: 60_000,
}, async () => {
  await using shop = await openShop()
  for (const path of ['/apps/shop/formation', '/apps/shop/dynos']) {
    shop.app.nextApi({ path, status: 403, times: 10, body: { id: 'forbidden', message: 'Not allowed.' } })
  }
  await using deploy = shop.step()
  const { outputs, code, log } = await deploy.done
  expect([code, outputs.outcome]).toEqual([0, 'deployed'])
  expect(log).toContain(
    'The token may not read the dynos of shop: who must take part is what `processes` says alone',
  )
  expect(log).toMatch(/So whether the dynos of v2 are up is not known/)
  expect(shop.history()).toContain('v1 clock.1: draining')
})
