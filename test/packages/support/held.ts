import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import { startProgram } from '../../clients/support/program.ts'
import { Deployer } from '../../participant/support/deployer.ts'
import { startRedis } from '../../support/redis/redis-server.ts'
import { stranger } from './command.ts'

/** A listener that can't hear the doorbell beats each 10 s. */
const SOON = { timeout: 60_000, interval: 50 }
const TRIAL = 'deploy-gate:{default}:trial'

/** Has a trial app (docs/conformance.md) drain and go on again. @throws Error when it doesn't, or ticks in between */
export async function drainsAndResumes(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<void> {
  await using redis = await startRedis()
  const deployer = new Deployer(redis.url)
  const ticks = () => deployer.redis.hget(TRIAL, 'ticks').then(Number)
  const goesOn = async () => {
    const before = await ticks()
    await expect.poll(ticks, SOON).toBeGreaterThan(before)
  }
  const around = { ...stranger, ...env, REDIS_URL: redis.url, DYNO: 'clock.1' }
  await using clock = startProgram(program, args, around)
  try {
    await clock.says(/^scheduling$/)
    await goesOn()
    const owner = await deployer.acquire()
    await deployer.sees({ state: 'drained', epoch: owner.epoch })
    const held = await ticks()
    // Clockwork ticks once a second, which is the longest.
    await sleep(2_500)
    expect(await ticks()).toBe(held)
    await deployer.finish(owner, 'aborted')
    await goesOn()
    await deployer.sees({ state: 'running' })
  } finally {
    deployer.redis.disconnect()
  }
}
