import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { gitEnvironment, openRepository } from '../heroku/support/repository.ts'
import type { LocalApp } from '../support/heroku/app.ts'
import type { EventKind, HerokuEvent } from '../support/heroku/events.ts'
import { startHeroku } from '../support/heroku/local-heroku.ts'
import { startRedis } from '../support/redis/redis-server.ts'
import { type Step, startStep } from '../support/runner/runner.ts'
import { installed } from './installed.ts'
import { type Occasion, readWorkflow } from './workflow.ts'

const EXAMPLES = join(import.meta.dirname, '../../examples')
/** On a busy machine. */
const SOON_MS = 60_000

type Texts = Readonly<Record<string, string>>
/** Of files, by their paths in the example: what their text becomes. */
export type Changes = Readonly<Record<string, (text: string) => string>>

/** An example as somebody's repository on GitHub, and the app that its workflow names at a Heroku of the test's own. */
export interface Shop extends AsyncDisposable {
  readonly app: LocalApp
  /** Commits a change to main. */
  push(): void
  /** Starts the Action on main as the example's own workflow does. */
  run(occasion: Occasion): Step
  /** Deploys main without the Action. */
  deployUngated(): Promise<void>
  /** The warehouse has counted: an export that waits for it, or the next one, goes on. */
  count(stock: string): Promise<void>
  /** What the exports have left behind, without their names: `by v1: 41`. */
  exports(): Promise<string[]>
  /** how many things have happened by now: for `from` below */
  readonly now: number
  /** The first that has happened, or will, from `from` on. */
  sees(kind: EventKind, from?: number): Promise<HerokuEvent>
  /** The first time that an export of the release says this, from `from` on. */
  says(release: string, word: 'started' | 'finished', from?: number): Promise<HerokuEvent>
  /** what the release's exports have said from `from` on: `started`, `finished` */
  said(release: string, from?: number): string[]
  /** what the README shows of the app's log: lines of dynos, and their SIGTERM */
  readonly told: readonly string[]
  /** those that have happened, from `from` on */
  events(kind: EventKind, from?: number): HerokuEvent[]
}

/**
 * @param example a folder of `examples`
 * @param configVars beside REDIS_URL
 */
export async function openShop(example: string, configVars: Texts, changes: Changes = {}): Promise<Shop> {
  const folder = mkdtempSync(join(tmpdir(), `deploy-gate-${example}-`))
  // As Heroku's: TLS alone, and a self-signed certificate.
  const redis = await startRedis({ tls: true })
  const heroku = await startHeroku({ killAfterMs: 1_000, baseEnv: installed(folder) })
  const inRedis = new Redis(redis.url, { tls: { rejectUnauthorized: false } })
  const path = join(folder, 'repository')
  copyExample(example, path, changes)
  const repository = openRepository(path, folder)
  repository.git('init', '--quiet', '--initial-branch=main')
  repository.git('add', '--all')

  const workflow = readWorkflow(join(path, '.github/workflows/deploy.yml'))
  const { 'heroku-app': name = '' } = workflow.inputs({ event: 'push' }, {})
  // At Heroku, too, a new app's clock does not run until it is scaled.
  const formation = { clock: 0 }
  const app = heroku.createApp(name, { formation, configVars: { ...configVars, REDIS_URL: redis.url } })
  let [changesMade, runs] = [0, 0]
  const { log } = heroku
  const isSaid = ({ kind, release, text }: HerokuEvent, of: string) =>
    kind === 'dyno-line' && release === of && text.startsWith('export ')

  return {
    app,
    push: () => void repository.commit(`change ${++changesMade}`),
    run(occasion) {
      const workspace = join(folder, `workspace-${++runs}`)
      const depth = workflow.fetchDepth === 0 ? [] : [`--depth=${workflow.fetchDepth}`]
      repository.git('clone', '--quiet', ...depth, `file://${path}`, workspace)
      const places = { HEROKU_API_URL: heroku.apiUrl, HEROKU_GIT_URL: heroku.gitUrl }
      return startStep({
        inputs: workflow.inputs(occasion, { HEROKU_API_KEY: heroku.apiKey }),
        env: { ...gitEnvironment(folder), ...places, GITHUB_EVENT_NAME: occasion.event },
        workspace,
      })
    },
    async deployUngated() {
      await app.deployFolder(path, { commit: 'main' })
    },
    async count(stock) {
      await inRedis.rpush('stock', stock)
    },
    async exports() {
      const records = await inRedis.lrange('exports', 0, -1)
      return records.map((record) => record.replace(/^\d\d:\d\d:\d\d /, ''))
    },
    get now() {
      return log.events.length
    },
    sees: (kind, from = 0) => log.waitFor((event) => event.kind === kind, { from, timeoutMs: SOON_MS }),
    says: (release, word, from = 0) =>
      log.waitFor((event) => isSaid(event, release) && event.text.endsWith(` ${word}`), {
        from,
        timeoutMs: SOON_MS,
      }),
    said: (release, from = 0) =>
      log.events
        .slice(from)
        .filter((event) => isSaid(event, release))
        .map(({ text }) => text.split(' ').at(-1) ?? ''),
    get told() {
      return log.events.flatMap(({ kind, release, dyno, text }) => {
        if (kind === 'sigterm') return [`    SIGTERM to ${dyno} of ${release}`]
        return kind === 'dyno-line' ? [`${release}: ${text}`] : []
      })
    },
    events: (kind, from = 0) => log.events.slice(from).filter((event) => event.kind === kind),
    async [Symbol.asyncDispose]() {
      inRedis.disconnect()
      await heroku.close()
      await redis.stop()
      rmSync(folder, { recursive: true })
    },
  }
}

/** @throws Error when a change changes nothing */
function copyExample(example: string, to: string, changes: Changes): void {
  const filter = (from: string) => !/(node_modules|__pycache__)$/.test(from)
  cpSync(join(EXAMPLES, example), to, { recursive: true, filter })
  for (const [file, change] of Object.entries(changes)) {
    const before = readFileSync(join(to, file), 'utf8')
    const after = change(before)
    if (after === before) throw new Error(`The change of ${file} in ${example} changes nothing.`)
    writeFileSync(join(to, file), after)
  }
}
