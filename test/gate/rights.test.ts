import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { INPUT_ORIGIN } from '../../src/deploy/origins.ts'
import { acquireGate, newDeployId } from '../../src/gate/gate.ts'
import { NUMBERS } from '../../src/gate/numbers.ts'
import { join } from '../../src/participant/join.ts'
import { gateKeys } from '../../src/protocol/keys.ts'
import { parseRedisUrl } from '../../src/redis/address.ts'
import { connectRedis } from '../../src/redis/connect.ts'
import { checkHealth } from '../../src/redis/health.ts'
import { listen } from '../../src/redis/listen.ts'
import { systemTime } from '../../src/time.ts'
import { App } from '../participant/support/app.ts'
import { Lines } from '../participant/support/lines.ts'
import { startRedis } from '../support/redis/redis-server.ts'
import { ASKER, TERMS } from './support/scene.ts'

const PAGE = readFileSync(new URL('../../docs/protocol.md', import.meta.url), 'utf8')
const USER = /^user gate .*$/m.exec(PAGE)?.[0] ?? ''

it('the rights in docs/protocol.md are enough for both sides', { timeout: 30_000 }, async () => {
  await using server = await startRedis({ acl: [USER] })
  const url = `redis://gate:password@127.0.0.1:${server.port}`
  const log = new Lines()
  const app = new App({})
  const clock = await join(app, { redisUrl: url, dyno: 'clock.1', handleSigterm: false, log })
  const { signal } = new AbortController()
  const client = await connectRedis(
    { address: parseRedisUrl(url), trust: { verify: true }, origin: INPUT_ORIGIN },
    log,
    signal,
  )
  try {
    await checkHealth(client, 'Redis', INPUT_ORIGIN, log)
    const keys = gateKeys('default')
    const around = { host: client, keys, time: systemTime, log, numbers: NUMBERS, signal }
    const rings = (onReport: () => void) => listen(client, keys.reports, onReport).began
    await using hold = await acquireGate(
      { ...around, listen: rings },
      newDeployId(),
      { ...TERMS, onDrainTimeout: 'force' },
      ASKER,
      'v42',
    )
    expect(await hold.drained()).toBe(true)
    await hold.commit()
    expect(await hold.concerns()).toEqual([])
  } finally {
    await clock.leave()
    client.disconnect()
  }
  expect(app.calls).toContain('drain')
  expect(log.matching(/^warning/)).toEqual([])
})
