/** The same app deployed without the gate and with it, at the same time: `script/demo [--json]`. */
import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gitEnvironment } from '../test/support/heroku/git.ts'
import { type LocalHeroku, startHeroku } from '../test/support/heroku/local-heroku.ts'
import { startRedis } from '../test/support/redis/redis-server.ts'
import { startStep } from '../test/support/runner/runner.ts'
import { Side } from './side.ts'
import { renderTimelines } from './timeline.ts'

const EXAMPLE = join(import.meta.dirname, '../examples/node-clock')
const JOB_SECONDS = 40
const LIMIT_MS = 150_000
const json = process.argv.includes('--json')

const began = performance.now()
const tell = (side: string, { second, text }: { second: number; text: string }) =>
  console.log(`[${second.toFixed(1).padStart(5)}s] ${side.padEnd(8)} ${text}`)

console.log(
  `A job of ${JOB_SECONDS} s runs in each app; both are deployed while it does. Heroku kills after 30 s.\n`,
)
const folder = mkdtempSync(join(tmpdir(), 'deploy-gate-demo-'))
try {
  await using heroku = await startHeroku()
  const [ungated, gated] = [new Side('ungated', began, tell), new Side('gated', began, tell)]
  const sides = new Map([ungated, gated].map((side) => [`shop-${side.name}`, side]))
  heroku.log.on((event) => sides.get(event.app)?.hear(event))

  const [, outcome] = await Promise.all([
    deployed(heroku, ungated, (checkout) => pushed(heroku, ungated, checkout)),
    deployed(heroku, gated, (checkout) => throughTheGate(heroku, gated, checkout)),
  ])

  const reports = { ungated: ungated.report, gated: { ...gated.report, outcome } }
  console.log(`\n${renderTimelines(reports)}`)
  if (json) console.log(JSON.stringify(reports))
  if (reports.ungated.job !== 'killed' || reports.gated.job !== 'finished') process.exitCode = 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}

/** Runs the app, waits for its job, deploys a change by `deploy`, and waits for the new clock. */
async function deployed<T>(
  heroku: LocalHeroku,
  side: Side,
  deploy: (checkout: string) => Promise<T>,
): Promise<T> {
  await using redis = await startRedis()
  const app = heroku.createApp(`shop-${side.name}`, {
    configVars: { REDIS_URL: redis.url, SCHEDULE: '* * * * * *', EXPORT_SECONDS: String(JOB_SECONDS) },
  })
  const checkout = join(folder, side.name)
  cpSync(EXAMPLE, checkout, { recursive: true })
  const first = await app.deployFolder(checkout)
  await git(checkout, 'init', '--quiet', '--initial-branch=main')
  await git(checkout, 'fetch', '--quiet', join(heroku.repositories, `shop-${side.name}.git`), 'main')
  await git(checkout, 'reset', '--quiet', '--soft', first)
  writeFileSync(join(checkout, 'change.txt'), 'a change\n')
  await git(checkout, 'add', '--all')
  await git(checkout, 'commit', '--quiet', '-m', 'A change')
  await side.until('job started', LIMIT_MS)
  const [result] = await Promise.all([deploy(checkout), side.until('over', LIMIT_MS)])
  await app.dynos.end()
  return result
}

async function pushed(heroku: LocalHeroku, side: Side, checkout: string): Promise<void> {
  const remote = `${heroku.gitUrl}/shop-${side.name}.git`
  const header = `Authorization: Basic ${Buffer.from(`:${heroku.apiKey}`).toString('base64')}`
  side.say('git push heroku main')
  await promisify(execFile)('git', ['push', '--quiet', remote, 'HEAD:refs/heads/main'], {
    cwd: checkout,
    env: {
      ...gitEnvironment(),
      GIT_CONFIG_COUNT: '1',
      GIT_CONFIG_KEY_0: `http.${remote}.extraHeader`,
      GIT_CONFIG_VALUE_0: header,
    },
  })
}

/** The built action, as a workflow runs it. @returns its outcome */
async function throughTheGate(heroku: LocalHeroku, side: Side, checkout: string): Promise<string> {
  await using step = startStep({
    inputs: { 'heroku-app': `shop-${side.name}`, 'heroku-api-key': heroku.apiKey },
    env: { HEROKU_API_URL: heroku.apiUrl, HEROKU_GIT_URL: heroku.gitUrl },
    workspace: checkout,
  })
  side.say('the workflow step begins')
  const shown = /^(?!##\[|remote:).*(clock\.1|taking part|Pushing|Release v)/
  let told = 0
  const show = () => {
    const lines = step.log.split('\n')
    for (const line of lines.slice(told)) if (shown.test(line)) side.say(`step: ${line}`)
    told = lines.length
  }
  const timer = setInterval(show, 200)
  const { outputs } = await step.done
  clearInterval(timer)
  show()
  side.say(`step: ended with the outcome ${outputs.outcome}`)
  return outputs.outcome ?? ''
}

async function git(directory: string, ...args: string[]): Promise<void> {
  await promisify(execFile)('git', args, { cwd: directory, env: gitEnvironment() })
}
