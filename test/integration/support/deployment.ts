import { cpSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gitEnvironment, openRepository } from '../../heroku/support/repository.ts'
import type { AppOptions, LocalApp } from '../../support/heroku/app.ts'
import type { HerokuEvent } from '../../support/heroku/events.ts'
import type { LocalHeroku } from '../../support/heroku/local-heroku.ts'
import { type Step, startStep } from '../../support/runner/runner.ts'

/** Names and texts: of inputs, of files. */
type Texts = Readonly<Record<string, string>>

/** An app at the local Heroku, running v1, and a checkout from which the Action deploys it. */
export interface Deployment {
  readonly app: LocalApp
  /** the checkout */
  readonly path: string
  /** Commits a change, that of `files` if there are any, and returns its full SHA. */
  change(files?: Texts): string
  /** Commits a change and starts the Action on it, with `env` over its environment. */
  step(inputs?: Texts, files?: Texts, env?: Texts): Step
  /** Starts the Action on what is committed. */
  again(inputs?: Texts, env?: Texts): Step
  /** Resolves with the first line of a dyno of `release`, past or future, that matches; `from` is an index in the log's events. */
  says(release: string, line: RegExp, options?: { from?: number; timeoutMs?: number }): Promise<HerokuEvent>
  isLine(event: HerokuEvent, release: string, line: RegExp): boolean
  /**
   * What has happened to it, in its order, as far as it matters to who has jobs: `v2 pending`, `v1 clock.1: draining`, `v1 clock.1 SIGTERM`.
   * @param from an index in the log's events
   */
  history(from?: number): string[]
}

/**
 * Creates the app `name` of what is in `source`, and deploys it without the Action.
 * @param parent a folder of the test's own, for the checkout and git's settings
 * @param files written over those of `source`
 */
export async function openDeployment(
  heroku: LocalHeroku,
  {
    name,
    source,
    parent,
    files = {},
    ...options
  }: { name: string; source: string; parent: string; files?: Texts } & AppOptions,
): Promise<Deployment> {
  const app = heroku.createApp(name, options)
  const path = join(parent, name)
  const write = (texts: Texts) => {
    for (const [file, text] of Object.entries(texts)) writeFileSync(join(path, file), text)
  }
  cpSync(source, path, { recursive: true, filter: (from) => !from.endsWith('/node_modules') })
  write(files)
  const first = await app.deployFolder(path)
  const checkout = openRepository(path, parent)
  checkout.git('init', '--quiet', '--initial-branch=main')
  checkout.git('fetch', '--quiet', join(heroku.repositories, `${name}.git`), 'main')
  checkout.git('reset', '--quiet', '--soft', first)
  writeFileSync(join(path, '.gitignore'), 'node_modules\n')
  const isLine = (event: HerokuEvent, release: string, line: RegExp) =>
    event.app === name && event.kind === 'dyno-line' && event.release === release && line.test(event.text)
  let changes = 0
  const change = (texts: Texts = {}) => {
    write({ CHANGES: `${++changes}\n`, ...texts })
    checkout.git('add', '--all')
    return checkout.commit(`change ${changes}`)
  }
  const again = (inputs: Texts = {}, env: Texts = {}) =>
    startStep({
      inputs: { 'heroku-app': name, 'heroku-api-key': heroku.apiKey, ...inputs },
      env: {
        ...{ ...gitEnvironment(parent), HEROKU_API_URL: heroku.apiUrl, HEROKU_GIT_URL: heroku.gitUrl },
        ...env,
      },
      workspace: path,
    })
  return {
    ...{ app, path, change, again, isLine },
    step(inputs, texts, env) {
      change(texts)
      return again(inputs, env)
    },
    says: (release, line, where = {}) => heroku.log.waitFor((event) => isLine(event, release, line), where),
    history: (from = 0) =>
      heroku.log.events.slice(from).flatMap((event) => (event.app === name ? telling(event) : [])),
  }
}

/** What a clock of `test/support/apps/clock` says of its schedule and its jobs, but for each tick. */
const ITS_WORK = /^(draining|scheduling|job \d+ (started|finished|stored))/

function telling({ kind, text, release, dyno }: HerokuEvent): string[] {
  if (kind === 'release') return [text]
  if (kind === 'build-started') return ['build']
  if (kind === 'sigterm' || kind === 'sigkill') return [`${release} ${dyno} ${kind.toUpperCase()}`]
  return kind === 'dyno-line' && ITS_WORK.test(text) ? [`${release} ${dyno}: ${text}`] : []
}
