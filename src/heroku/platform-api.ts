import {
  type App,
  type Build,
  plain,
  type Release,
  readApp,
  readBuilds,
  readConfigVars,
  readRelease,
  readReleases,
  readSlugCommit,
} from './api-answers.ts'
import { askForAll, type Call, createApiClient } from './api-client.ts'
import { ApiError } from './api-error.ts'
import type { Collaborators } from './collaborators.ts'
import {
  type Dyno,
  type Formation,
  type OneOffDyno,
  readDyno,
  readDynos,
  readFormation,
  readOneOffDyno,
} from './dyno-answers.ts'
import {
  type PipelineCoupling,
  type PromotionTarget,
  readPipelineCoupling,
  readPromotion,
  readPromotionTargets,
} from './pipeline-answers.ts'

export type { App, Build, Release, Status } from './api-answers.ts'
export type { Dyno, Formation, OneOffDyno } from './dyno-answers.ts'
export type { PipelineCoupling, PromotionTarget } from './pipeline-answers.ts'

/** What is to be promoted, and where. */
export interface Promotion {
  readonly pipelineId: string
  readonly sourceAppId: string
  readonly targetAppId: string
}

/** What a one-off dyno is to run. */
export interface OneOffCommand {
  /** for the dyno's shell */
  readonly command: string
  /** beside the app's config vars */
  readonly env?: Readonly<Record<string, string>>
  /** after which Heroku ends the dyno: 24 h when not given */
  readonly timeToLiveSec?: number
  /** `Basic`, `Standard-1X`, …: Heroku's choice when not given */
  readonly size?: string
}

/**
 * One app at Heroku. Each call rejects with an `ApiError` or with the signal's reason. Reads are repeated after faults that pass; what
 * changes something only if it was certainly not carried out. Where that is not known, the error says so: `ApiError.unknown`.
 */
export interface PlatformApi {
  readonly appName: string
  app(signal: AbortSignal): Promise<App>
  configVars(signal: AbortSignal): Promise<ReadonlyMap<string, string>>
  /** newest first */
  releases(max: number, signal: AbortSignal): Promise<Release[]>
  /** @param version 43 of `v43` */
  release(version: number, signal: AbortSignal): Promise<Release>
  /** the commit that a slug was built from */
  slugCommit(id: string, signal: AbortSignal): Promise<string | undefined>
  /** newest first */
  builds(max: number, signal: AbortSignal): Promise<Build[]>
  /** `undefined` when there is none */
  newestBuild(signal: AbortSignal): Promise<Build | undefined>
  /** all process types of the current release, also those that are scaled to 0 */
  formation(signal: AbortSignal): Promise<Formation[]>
  dynos(signal: AbortSignal): Promise<Dyno[]>
  /** Releases a slug that is there already. The release may be pending: it has a release phase, too. */
  makeRelease(slugId: string, description: string, signal: AbortSignal): Promise<Release>
  /** Goes back to a release that was, its code and its config vars. The release may be pending. */
  rollBack(releaseId: string, signal: AbortSignal): Promise<Release>
  /** `undefined` when the app is in none */
  pipeline(signal: AbortSignal): Promise<PipelineCoupling | undefined>
  /** The id of the promotion, whose targets tell what becomes of it. */
  promote(promotion: Promotion, signal: AbortSignal): Promise<string>
  promotionTargets(id: string, signal: AbortSignal): Promise<PromotionTarget[]>
  /** Starts a dyno that waits for somebody to attach before it runs the command. */
  runDyno(command: OneOffCommand, signal: AbortSignal): Promise<OneOffDyno>
  /** `undefined` when there is none of this name (any more) */
  dyno(name: string, signal: AbortSignal): Promise<Dyno | undefined>
  /** Ends a one-off dyno; one that is gone already is no error. A dyno of the formation would be started anew. */
  stopDyno(name: string, signal: AbortSignal): Promise<void>
}

const newest = (field: string, max: number) => `${field} ..; order=desc,max=${max}`
/** Half a character has no encoding. */
const segment = (text: string) => encodeURIComponent(text.toWellFormed())

/**
 * A client for Heroku's Platform API, version 3 (https://devcenter.heroku.com/articles/platform-api-reference).
 * The token stays inside: nothing that is thrown holds it.
 */
export function createPlatformApi(
  address: { readonly app: string; readonly apiUrl: string; readonly apiKey: string },
  collaborators: Pick<Collaborators, 'log' | 'time' | 'fetch' | 'random' | 'env'>,
): PlatformApi {
  const { app } = address
  const home = `/apps/${segment(app)}`
  const ask = createApiClient(address, collaborators)

  const releasesCommand = `\`heroku releases --app ${app}\``
  const dynosCommand = `\`heroku ps --app ${app}\``

  const read = (path: string, what: string, range?: string): Call => ({
    method: 'GET',
    path,
    doing: `read ${what}`,
    scope: 'read',
    look: releasesCommand,
    ...(range && { range }),
  })
  const write = (path: string, doing: string, body: unknown, look = releasesCommand): Call => ({
    method: 'POST',
    path,
    doing,
    scope: 'write',
    body,
    look,
  })
  const builds = (max: number, signal: AbortSignal) =>
    ask(read(`${home}/builds`, `the builds of ${app}`, newest('created_at', max)), signal, (value) =>
      readBuilds(value, max),
    )

  return {
    appName: app,
    app: (signal) => ask(read(home, `the app ${app}`), signal, readApp),
    configVars(signal) {
      const call = read(`${home}/config-vars`, `the config vars of ${app}`)
      return ask({ ...call, scope: 'read-protected' }, signal, readConfigVars)
    },
    releases: (max, signal) =>
      ask(read(`${home}/releases`, `the releases of ${app}`, newest('version', max)), signal, (value) =>
        readReleases(value, max),
      ),
    release: (version, signal) =>
      ask(read(`${home}/releases/${version}`, `release v${version} of ${app}`), signal, readRelease),
    slugCommit: (id, signal) =>
      ask(read(`${home}/slugs/${segment(id)}`, `the slug ${plain(id)}`), signal, readSlugCommit),
    builds,
    newestBuild: async (signal) => (await builds(10, signal))[0],
    formation: (signal) =>
      askForAll(ask, read(`${home}/formation`, `the formation of ${app}`), signal, readFormation),
    dynos: (signal) => askForAll(ask, read(`${home}/dynos`, `the dynos of ${app}`), signal, readDynos),
    makeRelease(slug, description, signal) {
      const call = write(`${home}/releases`, `make a release of ${app}`, { slug, description })
      return ask(call, signal, readRelease)
    },
    rollBack(release, signal) {
      const look = `\`heroku releases --app ${app}\``
      return ask(write(`${home}/releases`, `roll ${app} back`, { release }, look), signal, readRelease)
    },
    pipeline: (signal) =>
      unlessAbsent(
        ask(read(`${home}/pipeline-couplings`, `the pipeline of ${app}`), signal, readPipelineCoupling),
      ),
    promote({ pipelineId, sourceAppId, targetAppId }, signal) {
      const body = {
        pipeline: { id: pipelineId },
        source: { app: { id: sourceAppId } },
        targets: [{ app: { id: targetAppId } }],
      }
      return ask(write('/pipeline-promotions', `promote to ${app}`, body), signal, readPromotion)
    },
    promotionTargets: (id, signal) =>
      ask(
        read(
          `/pipeline-promotions/${segment(id)}/promotion-targets`,
          `what became of the promotion to ${app}`,
        ),
        signal,
        readPromotionTargets,
      ),
    runDyno({ command, env, timeToLiveSec, size }, signal) {
      const body = {
        command,
        attach: true,
        // Its output is a log: no echo, no sizes, no `\r\n`.
        force_no_tty: true,
        ...(env && { env }),
        ...(timeToLiveSec !== undefined && { time_to_live: timeToLiveSec }),
        ...(size && { size }),
      }
      const call = write(`${home}/dynos`, `start a one-off dyno of ${app}`, body, dynosCommand)
      // Whoever runs a command there can read the config vars.
      return ask({ ...call, scope: 'write-protected' }, signal, readOneOffDyno)
    },
    dyno: (name, signal) =>
      unlessAbsent(
        ask(read(`${home}/dynos/${segment(name)}`, `the dyno ${plain(name)} of ${app}`), signal, readDyno),
      ),
    async stopDyno(name, signal) {
      const path = `${home}/dynos/${segment(name)}/actions/stop`
      const call = write(path, `stop the dyno ${plain(name)} of ${app}`, {}, dynosCommand)
      // A one-off dyno's name does not come again, so a second stop reaches nobody else.
      await unlessAbsent(ask({ ...call, repeatable: true }, signal, () => undefined))
    },
  }
}

/** `undefined` for what is not there. */
async function unlessAbsent<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined
    throw error
  }
}
