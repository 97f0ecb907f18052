/**
 * For how long no clock is at work while an app is deployed, by strategy and by how long its build takes: `script/bench quiet [--json]`.
 * Real deploys by the built Action on a local Heroku, whose builds last as long as they are told to and whose dynos start at once: at
 * Heroku the start of the new dyno comes on top, whatever the strategy. All at once, since they only wait.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startHeroku } from '../../test/support/heroku/local-heroku.ts'
import { startRedis } from '../../test/support/redis/redis-server.ts'
import { measure, type Quiet } from './measure.ts'
import { WAYS } from './ways.ts'

const { values } = parseArgs({
  options: { json: { type: 'boolean', default: false }, builds: { type: 'string', default: '10,60' } },
})
const builds = values.builds.split(',').map(Number)
const folder = mkdtempSync(join(tmpdir(), 'deploy-gate-bench-'))
const redis = await startRedis({ appendonly: false })
const heroku = await startHeroku()
try {
  const rows = await Promise.all(
    WAYS.map(async (way) => {
      const place = { redisUrl: redis.url, folder }
      const measured = await Promise.all(builds.map((seconds) => measure(heroku, place, way, seconds)))
      return [way.name, measured] as const
    }),
  )
  if (values.json)
    console.log(JSON.stringify(Object.fromEntries(rows.map(([name, all]) => [name, byBuild(all)]))))
  else print(rows)
} finally {
  await heroku.close()
  await redis.stop()
  rmSync(folder, { recursive: true })
}

function byBuild(measured: readonly Quiet[]): Record<string, number> {
  return Object.fromEntries(measured.map(({ seconds }, at) => [String(builds[at]), seconds]))
}

function print(rows: readonly (readonly [string, readonly Quiet[]])[]): void {
  const cell = ({ seconds, saysSeconds }: Quiet) =>
    `${seconds} s${saysSeconds === undefined ? '' : ` (the Action says ${saysSeconds} s)`}`
  console.log(['strategy', ...builds.map((seconds) => `quiet, build of ${seconds} s`)].join(' | '))
  for (const [name, measured] of rows) console.log([name, ...measured.map(cell)].join(' | '))
}
