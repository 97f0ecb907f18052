import { cpSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Deployment } from '../../test/integration/support/deployment.ts'
import type { LocalHeroku } from '../../test/support/heroku/local-heroku.ts'

/** The app that is deployed, before that. */
export interface Before {
  readonly heroku: LocalHeroku
  readonly shop: Deployment
  /** of the app, and of all that is its own in Redis */
  readonly name: string
  /** its checkout */
  readonly checkout: string
  readonly buildMs: number
}

/** One way to deploy, as the bench tries it. */
export interface Way {
  readonly name: string
  /** config vars of the app beside those of all */
  readonly configVars?: Readonly<Record<string, string>>
  /** Brings about what the deploy begins with, the build included where it is made before. @returns the inputs */
  prepare(before: Before): Promise<Readonly<Record<string, string>>>
}

export const WAYS: readonly Way[] = [
  {
    name: 'without a gate',
    configVars: { WITHOUT_GATE: '1' },
    async prepare({ shop, buildMs }) {
      shop.app.nextBuild({ delayMs: buildMs })
      return { 'skip-drain': 'true', 'wait-for-clock': '0' }
    },
  },
  {
    name: 'list protocol',
    configVars: { WITH_LIST: '1' },
    async prepare({ shop, name, buildMs }) {
      shop.app.nextBuild({ delayMs: buildMs })
      return {
        protocol: 'list',
        'list-request-key': `${name}-request`,
        'list-response-key': `${name}-response`,
        'list-resume-message': 'resume',
      }
    },
  },
  {
    name: 'git-push',
    async prepare({ shop, buildMs }) {
      shop.app.nextBuild({ delayMs: buildMs })
      return {}
    },
  },
  {
    name: 'release-phase',
    async prepare({ shop, checkout, buildMs }) {
      shop.app.nextBuild({ delayMs: buildMs })
      writeFileSync(
        join(checkout, 'Procfile'),
        'clock: node clock.js\nrelease: deploy-gate drain --hold 10m\n',
      )
      return { 'drain-at': 'release-phase' }
    },
  },
  {
    name: 'promote',
    async prepare({ heroku, shop: { app }, checkout, buildMs }) {
      const staging = heroku.createApp(`${app.name}-s`.slice(-30), { formation: { clock: 0 } })
      heroku.createPipeline(app.name, { staging: [staging], production: [app] })
      const source = `${checkout}-staging`
      cpSync(checkout, source, {
        recursive: true,
        filter: (from) => !/[/\\](\.git|node_modules)$/.test(from),
      })
      writeFileSync(join(source, 'CHANGES'), 'promoted\n')
      staging.nextBuild({ delayMs: buildMs })
      await staging.deployFolder(source)
      return { strategy: 'promote', 'promote-from': staging.name }
    },
  },
  {
    name: 'slug',
    async prepare(before) {
      await deployOnce(before)
      return { strategy: 'slug', slug: 'v1' }
    },
  },
  {
    name: 'command',
    async prepare(before) {
      await deployOnce(before)
      const { heroku, shop } = before
      const slug = shop.app.releases.all[0]?.slug?.id ?? ''
      const script = join(import.meta.dirname, 'release.ts')
      const command = [process.execPath, script, heroku.apiUrl, shop.app.name, slug]
      return { strategy: 'command', command: JSON.stringify(command) }
    },
  },
]

/** From then on v2 runs, and v1 is a slug that can be released. */
async function deployOnce({ shop, checkout, buildMs }: Before): Promise<void> {
  writeFileSync(join(checkout, 'CHANGES'), 'v2\n')
  shop.app.nextBuild({ delayMs: buildMs })
  await shop.app.deployFolder(checkout)
  await shop.says('v2', /^tick/)
}
