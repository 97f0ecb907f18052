import { expect, it, vi } from 'vitest'
import { startRedis } from '../support/redis/redis-server.ts'
import { DeployerAtServer } from './support/at-server.ts'
import { LANGUAGES, startJoined } from './support/joined.ts'

vi.setConfig({ testTimeout: 120_000 })

it.each(LANGUAGES)(
  '%s: leaves a server that became a replica, and keeps trying the URL',
  async (language) => {
    await using redis = await startRedis()
    await using deployer = new DeployerAtServer(redis.port)
    await using app = startJoined(language, redis.url)
    const { id } = await deployer.sees({ state: 'running' })
    const connections = async () =>
      String(await deployer.redis.client('LIST')).match(/^id=\d+(?=.* cmd=eval)(?!.* name=deployer)/gm) ?? []
    const [before] = await connections()
    expect(before).toBeDefined()

    await deployer.redis.call('REPLICAOF', '127.0.0.1', '1')
    await app.says(/Redis refused a beat \(.*read only replica.*; this process goes on/)
    // A name may lead to another server by now: only a new connection finds out.
    await expect.poll(connections, { timeout: 30_000 }).not.toContain(before)

    await deployer.redis.call('REPLICAOF', 'NO', 'ONE')
    await app.says(/again$/)
    await deployer.beatenSince(Date.now())
    expect(await connections()).toHaveLength(1)
    expect(await deployer.row()).toMatchObject({ state: 'running', id })
  },
)
