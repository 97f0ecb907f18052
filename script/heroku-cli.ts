/** What the real Heroku CLI says to the local Heroku: `node script/heroku-cli.ts <the CLI's run.js>`. */
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startHeroku } from '../test/support/heroku/local-heroku.ts'

/** A command of the CLI, and what is to be seen of it. */
interface Check {
  readonly args: readonly string[]
  readonly token?: string
  /** on standard output or standard error */
  readonly prints: readonly RegExp[]
  /** 0 unless told */
  readonly code?: number
}

const [cli] = process.argv.slice(2)
if (cli === undefined) throw new Error('Which CLI? Run script/heroku-cli, which installs one.')

const folder = mkdtempSync(join(tmpdir(), 'heroku-cli-'))
const source = join(folder, 'source')
mkdirSync(source)
const deployed = { clock: 'sleep 600', release: 'echo migrating' }
const lines = Object.entries(deployed).map(([type, command]) => `${type}: ${command}`)
writeFileSync(join(source, 'Procfile'), `${lines.join('\n')}\n`)
let failed = 0
let passed = 0

try {
  await using heroku = await startHeroku({ killAfterMs: 1_000 })
  const shop = heroku.createApp('shop', { configVars: { COLOUR: 'blue' } })
  const staging = heroku.createApp('shop-staging')
  heroku.createPipeline('store', { staging: [staging], production: [shop] })
  const first = (await shop.deployFolder(source)).slice(0, 8)
  const second = (await shop.deployFolder(source)).slice(0, 8)
  const third = (await staging.deployFolder(source)).slice(0, 8)

  const onShop = (...args: string[]) => [...args, '--app', 'shop']
  const run = (...command: string[]) => [...onShop('run', '--exit-code'), '--', ...command]
  const checks: Check[] = [
    { args: ['auth:whoami'], prints: [/^ada@example\.com$/m] },
    {
      args: onShop('releases'),
      prints: [
        /Current: v2/,
        new RegExp(`v2\\s+Deploy ${second}\\s+ada@example\\.com`),
        new RegExp(`v1\\s+Deploy ${first}`),
      ],
    },
    {
      args: onShop('releases:info', 'v2'),
      prints: [new RegExp(`Release v2[\\s\\S]*Deploy ${second}`), /COLOUR[=:\s]+blue/],
    },
    { args: onShop('releases:output', 'v2'), prints: [/^migrating$/m] },
    { args: onShop('config'), prints: [/COLOUR:\s+blue/] },
    { args: onShop('ps'), prints: [/clock \(Basic\): sleep 600 \(1\)/, /clock\.1: up/] },
    { args: run('echo hi from $DYNO; pwd >&2'), prints: [/^hi from run\.\d+$/m, /slugs\/shop/] },
    { args: run('sh -c "exit 7"'), code: 7, prints: [/exited with code 7/] },
    { args: onShop('ps:stop', '--dyno-name', 'clock.1'), prints: [/Stopping.*clock\.1.*done/] },
    {
      args: ['pipelines:promote', '--app', 'shop-staging'],
      prints: [/Fetching apps from.*store/, /Promotion successful/, /shop:\s+succeeded/],
    },
    { args: onShop('releases'), prints: [new RegExp(`v3\\s+Promote shop-staging v1 ${third}`)] },
    { args: onShop('releases:rollback', 'v1'), prints: [/Rolling back.*shop.*v1/] },
    { args: onShop('releases'), prints: [/Current: v4/, /v4\s+Rollback to v1/] },
    {
      args: ['releases', '--app', 'shpo'],
      code: 2,
      prints: [/Couldn't find that app\./],
    },
    {
      args: onShop('releases'),
      token: 'wrong',
      code: 1,
      prints: [/token provided to HEROKU_API_KEY is invalid/],
    },
    {
      args: onShop('config'),
      token: heroku.createToken(['read']),
      code: 2,
      prints: [/scope of this OAuth authorization does not allow/],
    },
  ]

  for (const { args, token = heroku.apiKey, prints, code = 0 } of checks) {
    const ended = await command(args, {
      HEROKU_HOST: heroku.apiUrl.replace('127.0.0.1', 'localhost'),
      HEROKU_API_KEY: token,
      NODE_EXTRA_CA_CERTS: heroku.caFile,
    })
    const missing = prints.filter((wanted) => !wanted.test(ended.said))
    const well = ended.code === code && missing.length === 0
    console.log(`${well ? 'ok    ' : 'FAILED'} heroku ${args.join(' ')}`)
    if (well) passed++
    else {
      failed++
      if (ended.code !== code) console.log(`  ended with ${ended.code} instead of ${code}`)
      for (const wanted of missing) console.log(`  did not print ${wanted}`)
      console.log(ended.said.replace(/^/gm, '  | '))
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed > 0 ? 1 : 0

/** Runs the CLI with a home of its own: this machine's credentials and settings are none of its business. */
function command(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<{ code: number; said: string }> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      ['--no-deprecation', cli as string, ...args],
      {
        cwd: folder,
        env: {
          PATH: process.env.PATH ?? '',
          HOME: folder,
          NO_COLOR: '1',
          TERM: 'dumb',
          COLUMNS: '200',
          HEROKU_DISABLE_AUTOUPDATE: '1',
          HEROKU_SKIP_ANALYTICS: '1',
          DISABLE_TELEMETRY: 'true',
          ...env,
        },
      },
      (_, stdout, stderr) => resolve({ code: child.exitCode ?? -1, said: stdout + stderr }),
    )
    child.stdin?.end()
  })
}
