import { expect, it, vi } from 'vitest'
import { Deployer } from '../participant/support/deployer.ts'
import { startFaultProxy } from '../support/fault-proxy.ts'
import { startRedis } from '../support/redis/redis-server.ts'
import { LANGUAGES, startJoined } from './support/joined.ts'

vi.setConfig({ testTimeout: 120_000 })

it.each(LANGUAGES)(
  '%s: a hold ends with its lease while a beat still waits for its answer',
  async (language) => {
    await using redis = await startRedis()
    await using proxy = await startFaultProxy(redis.port)
    const deployer = new Deployer(redis.url)
    try {
      await using app = startJoined(language, proxy.url(redis.url))
      await deployer.sees({ state: 'running' })
      const { epoch } = await deployer.acquire({ leaseMs: 3_000 })
      await deployer.sees({ state: 'drained', epoch })
      proxy.freeze()
      // The beat is given up after 5 s, and the lease has less left.
      await app.says(/^resume$/)
      await app.says(/Redis can't be reached/)
      const at = (line: RegExp) => app.printed.findIndex((printed) => line.test(printed))
      expect(at(/^resume$/)).toBeLessThan(at(/Redis can't be reached/))
      proxy.thaw()
      await deployer.sees({ state: 'running' })
    } finally {
      deployer.redis.disconnect()
    }
  },
)
