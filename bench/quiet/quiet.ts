/**
 * For how long no clock is at work while an app is deployed, by strategy and by how long its build takes, and where those seconds go. Real
 * deploys by the built Action on a local Heroku, whose builds last as long as they are told to and whose dynos start at once: at Heroku the
 * start of the new dyno comes on top, whatever the strategy. All at once, since they only wait.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startHeroku } from '../../test/support/heroku/local-heroku.ts'
import { startRedis } from '../../test/support/redis/redis-server.ts'
import { type Figure, plain } from '../figure.ts'
import type { Extent } from '../main.ts'
import { measure, type Quiet } from './measure.ts'
import { WAYS } from './ways.ts'

export async function measureQuiet({ quick }: Extent): Promise<readonly Figure[]> {
  const builds = quick ? [1] : [10, 60]
  const folder = mkdtempSync(join(tmpdir(), 'deploy-gate-bench-'))
  await using redis = await startRedis({ appendonly: false })
  const heroku = await startHeroku()
  try {
    const rows = await Promise.all(
      WAYS.map((way) =>
        Promise.all(builds.map((seconds) => measure(heroku, { redisUrl: redis.url, folder }, way, seconds))),
      ),
    )
    return WAYS.flatMap(({ name }, row) =>
      builds.flatMap((seconds, at) =>
        figures(`${name}, build of ${seconds} s`, rows[row]?.[at], rows[0]?.[at]),
      ),
    )
  } finally {
    await heroku.close()
    rmSync(folder, { recursive: true })
  }
}

/** The whole, and its parts. */
function figures(name: string, quiet: Quiet | undefined, ungated: Quiet | undefined): Figure[] {
  if (quiet === undefined || ungated === undefined) return []
  const { seconds, saysSeconds, parts } = quiet
  const said = saysSeconds === undefined ? '' : ` (the Action says ${saysSeconds} s)`
  return [
    plain(`quiet: ${name}${said}`, 's', { value: seconds, baseline: ungated.seconds }),
    ...Object.entries(parts).map(([part, value]) =>
      plain(`quiet: ${name}: of these, ${part}`, 's', { value }),
    ),
  ]
}
