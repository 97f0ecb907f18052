import { DeployError } from '../../outcome.ts'
import { together } from '../../together.ts'
import { ApiError } from '../api-error.ts'
import type { Collaborators } from '../collaborators.ts'
import { follow } from '../follow.ts'
import type { HerokuPlan } from '../plan.ts'
import { createPlatformApi, type PlatformApi, type Release } from '../platform-api.ts'
import { notPromoted, promote } from '../promotion.ts'
import type { Sought } from '../release.ts'
import { createReleaseReader, RELEASES_LOOKED_AT, short } from '../releases.ts'
import { readStanding } from '../standing.ts'
import type { Prepared } from '../target.ts'

/**
 * Finds what the app `from` of the same pipeline runs, which is to be released as it is.
 * @throws DeployError `preflight-failed`
 */
export async function preparePromotion(
  plan: HerokuPlan,
  from: string,
  api: PlatformApi,
  collaborators: Collaborators,
): Promise<Prepared> {
  const { signal } = collaborators
  const sourceApi = createPlatformApi({ ...plan, app: from }, collaborators)
  const [{ releases, ...standing }, source, ours, theirs] = await together(signal, [
    (linked) => readStanding(api, { ...collaborators, signal: linked }),
    (linked) => readSource(sourceApi, linked),
    (linked) => api.pipeline(linked),
    (linked) => sourceApi.pipeline(linked),
  ])
  const { app, newestVersion, currentRelease } = standing
  if (ours === undefined || theirs?.pipelineId !== ours.pipelineId) throw notCoupled(app, from, ours, theirs)
  const { slugId, version, commit } = source
  const name = `v${version} of ${from}`
  const reader = createReleaseReader(api)
  const current = releases.find((one) => one.current)
  // A promotion makes a copy of the slug, under an id of its own.
  const runs = (release: Release, until: AbortSignal) =>
    commit !== '' ? reader.runs(release, commit, until) : Promise.resolve(undefined)
  const upToDate = current !== undefined && (current.slugId === slugId || (await runs(current, signal)))
  let made: string | undefined
  return {
    ...standing,
    what: commit === '' ? name : `${name} is ${short(commit)}`,
    commit,
    upToDate: upToDate === true,
    async publish(until) {
      await assertSame(sourceApi, source, until)
      const promotion = {
        pipelineId: ours.pipelineId,
        sourceAppId: source.appId,
        targetAppId: standing.appId,
      }
      made = await promote(api, promotion, name, sought(until), { ...collaborators, signal: until })
    },
    verify: (until) =>
      follow(
        {
          ...{ app, api, what: name },
          deed: `The promotion of ${name}`,
          ...(currentRelease && { currentRelease }),
          async find(all) {
            if (made !== undefined) return all.find(({ id }) => id === made)
            for (const one of all.toReversed()) if (await isOurs(one, until)) return one
            return undefined
          },
        },
        { ...collaborators, signal: until },
      ),
  }

  function sought(until: AbortSignal): Sought {
    return { newestVersion, isOurs: (one) => isOurs(one, until) }
  }

  async function isOurs(release: Release, until: AbortSignal): Promise<boolean> {
    if (release.version <= newestVersion) return false
    return release.description.startsWith(`Promote ${from} v`) || (await runs(release, until)) === true
  }
}

interface Source {
  readonly appId: string
  readonly version: number
  readonly slugId: string
  /** full SHA; empty when Heroku doesn't tell */
  readonly commit: string
}

async function readSource(api: PlatformApi, signal: AbortSignal): Promise<Source> {
  const [{ id: appId }, releases] = await together(signal, [
    (linked) => api.app(linked),
    (linked) => api.releases(RELEASES_LOOKED_AT, linked),
  ]).catch((error: unknown) => {
    throw error instanceof ApiError && error.status === 404 ? unknownSource(api.appName, error) : error
  })
  const current = releases.find((release) => release.current)
  if (current?.slugId) {
    const commit = (await createReleaseReader(api).slugCommit(current.slugId, signal)) ?? ''
    return { appId, version: current.version, slugId: current.slugId, commit }
  }
  throw new DeployError(
    'preflight-failed',
    current
      ? `${api.appName}, which \`promote-from\` names, runs v${current.version}, and that is no slug that could be promoted.`
      : `${api.appName}, which \`promote-from\` names, runs no release that could be promoted.`,
    'Deploy it first. Container images are promoted by `strategy: command`.',
  )
}

function unknownSource(from: string, cause: ApiError): DeployError {
  return new DeployError(
    'preflight-failed',
    `Heroku knows no app of the name ${from}, which \`promote-from\` names, that this token can see.`,
    'Check the spelling of `promote-from`, and that the account that owns the token has access to the app: ' +
      `\`heroku access:add <email> --app ${from}\`.`,
    { cause },
  )
}

function notCoupled(
  app: string,
  from: string,
  ours: { readonly pipelineId: string } | undefined,
  theirs: { readonly pipelineId: string } | undefined,
): DeployError {
  const alone = [...(ours ? [] : [app]), ...(theirs ? [] : [from])]
  const why =
    alone.length === 0
      ? `${from} and ${app} are in different pipelines`
      : `${alone.join(' and ')} ${alone.length > 1 ? 'are' : 'is'} in no pipeline`
  return new DeployError(
    'preflight-failed',
    `${why}, and a promotion goes from one app of a pipeline to another.`,
    `Put both into one: \`heroku pipelines:add <pipeline> --app ${alone[0] ?? app}\`; \`promote-from\` names the app that it comes from.`,
  )
}

/** Heroku promotes what the source runs at that moment, which may have changed while the clock was drained. */
async function assertSame(api: PlatformApi, { slugId, version }: Source, signal: AbortSignal): Promise<void> {
  const releases = await api.releases(RELEASES_LOOKED_AT, signal).catch((error: unknown) => {
    throw notPromoted(error)
  })
  const now = releases.find((release) => release.current)
  if (now?.slugId === slugId) return
  throw new DeployError(
    'promotion-failed',
    `${api.appName} ran v${version} when this deploy began, and ${now ? `runs v${now.version}` : 'runs no release'} by now: it was not promoted.`,
    'Run the job again to promote what it runs now. Nothing was released: what ran before still runs.',
  )
}
