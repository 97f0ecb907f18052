import { cpSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gitEnvironment, openRepository } from '../../heroku/support/repository.ts'
import type { AppOptions, LocalApp } from '../../support/heroku/app.ts'
import type { HerokuEvent } from '../../support/heroku/events.ts'
import type { LocalHeroku } from '../../support/heroku/local-heroku.ts'
import { type Step, startStep } from '../../support/runner/runner.ts'

/** An app at the local Heroku, running v1, and a checkout from which the Action deploys it. */
export interface Deployment {
  readonly app: LocalApp
  /** Commits a change and starts the Action on it. */
  step(inputs?: Readonly<Record<string, string>>): Step
  /** Resolves with the first line of a dyno of `release`, past or future, that matches; `from` is an index in the log's events. */
  says(release: string, line: RegExp, options?: { from?: number; timeoutMs?: number }): Promise<HerokuEvent>
  isLine(event: HerokuEvent, release: string, line: RegExp): boolean
}

/**
 * Creates the app `name` of what is in `source`, and deploys it without the Action.
 * @param parent a folder of the test's own, for the checkout and git's settings
 */
export async function openDeployment(
  heroku: LocalHeroku,
  { name, source, parent, ...options }: { name: string; source: string; parent: string } & AppOptions,
): Promise<Deployment> {
  const app = heroku.createApp(name, options)
  const path = join(parent, name)
  cpSync(source, path, { recursive: true, filter: (from) => !from.endsWith('/node_modules') })
  const first = await app.deployFolder(path)
  const checkout = openRepository(path, parent)
  checkout.git('init', '--quiet', '--initial-branch=main')
  checkout.git('fetch', '--quiet', join(heroku.repositories, `${name}.git`), 'main')
  checkout.git('reset', '--quiet', '--soft', first)
  writeFileSync(join(path, '.gitignore'), 'node_modules\n')
  const isLine = (event: HerokuEvent, release: string, line: RegExp) =>
    event.app === name && event.kind === 'dyno-line' && event.release === release && line.test(event.text)
  let changes = 0
  return {
    app,
    step(inputs = {}) {
      writeFileSync(join(path, 'CHANGES'), `${++changes}\n`)
      checkout.git('add', '--all')
      checkout.commit('a change')
      return startStep({
        inputs: { 'heroku-app': name, 'heroku-api-key': heroku.apiKey, ...inputs },
        env: { ...gitEnvironment(parent), HEROKU_API_URL: heroku.apiUrl, HEROKU_GIT_URL: heroku.gitUrl },
        workspace: path,
      })
    },
    says: (release, line, where = {}) => heroku.log.waitFor((event) => isLine(event, release, line), where),
    isLine,
  }
}
