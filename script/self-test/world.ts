/**
 * The app `shop` at a local Heroku, for as long as this process lives: `node script/self-test/world.ts <scene> <folder>`, started by main.ts.
 * The app's Redis is that of $REDIS_URL.
 */
import { execFileSync } from 'node:child_process'
import { appendFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import type { HerokuEvent } from '../../test/support/heroku/events.ts'
import { gitEnvironment } from '../../test/support/heroku/git.ts'
import { startHeroku } from '../../test/support/heroku/local-heroku.ts'

const CLOCK = join(import.meta.dirname, '../../test/support/apps/clock')
const APP = 'shop'
/** How long the first release may take to be at work on a busy machine. */
const BOOT_LIMIT_MS = 60_000
/** What the clock says of its schedule and its jobs, but for each tick. */
const ITS_WORK = /^(draining|scheduling|job \d+ )/

const [scene, folder = ''] = process.argv.slice(2)
const workspace = process.env.GITHUB_WORKSPACE ?? process.cwd()

const redisUrl = process.env.REDIS_URL
if (!redisUrl) throw new Error('REDIS_URL is not set: it is the Redis of the app.')
await using heroku = await startHeroku({ apiKey: 'HRKU-of-the-self-test' })
const redis = new Redis(redisUrl)

const events = join(folder, 'events.txt')
writeFileSync(events, '')
heroku.log.on((event) => {
  for (const line of telling(event)) appendFileSync(events, `${line}\n`)
})

const app = heroku.createApp(APP, {
  configVars: { REDIS_URL: redisUrl, CLOCK_MODE: scene === 'refusing' ? 'refuse' : 'plain' },
})
const deployed = await app.deployFolder(CLOCK)
await says(/^tick/)
if (scene === 'working') {
  await redis.lpush('jobs:start', '1')
  await says(/^job 1 started/)
  heroku.log.on(({ kind, text }) => {
    if (kind === 'dyno-line' && text === 'draining') void redis.lpush('jobs:end', '1')
  })
}
const { pid } = await heroku.log.waitFor(({ kind }) => kind === 'dyno-up')
if (scene === 'silent') process.kill(pid as number, 'SIGSTOP')
checkOut(deployed)
process.send?.({
  app: APP,
  'api-key': heroku.apiKey,
  'api-url': heroku.apiUrl,
  'git-url': heroku.gitUrl,
  events,
})

await new Promise((resolve) => process.once('SIGTERM', resolve))
if (scene === 'silent') process.kill(pid as number, 'SIGCONT')
redis.disconnect()

/** Resolves when the clock of the first release has said it. */
async function says(line: RegExp): Promise<void> {
  await heroku.log.waitFor(({ kind, text }) => kind === 'dyno-line' && line.test(text), {
    timeoutMs: BOOT_LIMIT_MS,
  })
}

/** Makes the workspace a checkout of the app that is one commit ahead of what is deployed. Folders that are there are not the app's. */
function checkOut(commit: string): void {
  const git = (...args: readonly string[]) => {
    execFileSync('git', args, {
      cwd: workspace,
      env: gitEnvironment(),
      stdio: ['ignore', 'inherit', 'inherit'],
    })
  }
  const others = readdirSync(workspace)
  git('init', '--quiet', '--initial-branch=main')
  writeFileSync(join(workspace, '.git/info/exclude'), others.map((name) => `/${name}\n`).join(''))
  git('fetch', '--quiet', join(heroku.repositories, `${APP}.git`), 'main')
  git('reset', '--quiet', '--hard', commit)
  writeFileSync(join(workspace, 'change.txt'), 'a change\n')
  git('add', '--all')
  git('commit', '--quiet', '-m', 'A change')
}

/** An event as check.ts looks for it. */
function telling({ kind, text, release, dyno }: HerokuEvent): string[] {
  if (kind === 'release') return [text]
  if (kind === 'push-received') return [kind]
  if (kind === 'sigterm' || kind === 'sigkill') return [`${release} ${dyno} ${kind.toUpperCase()}`]
  return kind === 'dyno-line' && ITS_WORK.test(text) ? [`${release} ${dyno}: ${text}`] : []
}
