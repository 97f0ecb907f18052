import { DeployError } from '../../outcome.ts'
import { together } from '../../together.ts'
import { ApiError } from '../api-error.ts'
import type { Collaborators } from '../collaborators.ts'
import { follow } from '../follow.ts'
import type { HerokuPlan } from '../plan.ts'
import { createPlatformApi, type PlatformApi } from '../platform-api.ts'
import { short } from '../releases.ts'
import { readStanding } from '../standing.ts'
import type { Prepared } from '../target.ts'

const POLL_MS = 2_000

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
  const [{ releases: _, ...standing }, source, ours, theirs] = await together(signal, [
    (linked) => readStanding(api, { ...collaborators, signal: linked }),
    (linked) => readSource(sourceApi, { ...collaborators, signal: linked }),
    (linked) => api.pipeline(linked),
    (linked) => sourceApi.pipeline(linked),
  ])
  const { app } = standing
  if (ours === undefined || theirs?.pipelineId !== ours.pipelineId) throw notCoupled(app, from, ours, theirs)
  const { slugId, version, commit } = source
  const what = `v${version} of ${from}${commit === '' ? '' : ` is ${short(commit)}`}`
  const name = `v${version} of ${from}`
  let made: string | undefined
  return {
    ...standing,
    what,
    commit,
    upToDate: standing.currentSlug === slugId || (await sameCommit(standing.currentSlug, commit)),
    async publish(until) {
      const around = { ...collaborators, signal: until }
      const promotion = {
        pipelineId: ours.pipelineId,
        sourceAppId: source.appId,
        targetAppId: standing.appId,
      }
      made = await promote(api, promotion, name, around)
    },
    verify: (until) =>
      follow(
        {
          ...{ app, api, what: name },
          deed: `The promotion of ${name}`,
          ...(standing.currentRelease && { currentRelease: standing.currentRelease }),
          find: async (all) =>
            all.find(({ id, version: theirs }) =>
              made === undefined ? theirs > standing.newestVersion : id === made,
            ),
        },
        { ...collaborators, signal: until },
      ),
  }

  /** A promotion makes a copy of the slug, under an id of its own. */
  async function sameCommit(slugId: string | undefined, wanted: string): Promise<boolean> {
    return slugId !== undefined && wanted !== '' && (await api.slugCommit(slugId, signal)) === wanted
  }
}

interface Source {
  readonly appId: string
  readonly version: number
  readonly slugId: string
  /** full SHA; empty when Heroku doesn't tell */
  readonly commit: string
}

async function readSource(api: PlatformApi, collaborators: Collaborators): Promise<Source> {
  const { signal } = collaborators
  const [{ id: appId }, releases] = await together(signal, [
    (linked) => api.app(linked),
    (linked) => api.releases(25, linked),
  ])
  const current = releases.find((release) => release.current)
  if (current?.slugId) {
    const commit = (await api.slugCommit(current.slugId, signal)) ?? ''
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

function notCoupled(
  app: string,
  from: string,
  ours: { readonly pipelineId: string } | undefined,
  theirs: { readonly pipelineId: string } | undefined,
): DeployError {
  const alone = [!ours && app, !theirs && from].filter(Boolean).join(' and ')
  return new DeployError(
    'preflight-failed',
    alone === ''
      ? `${from} and ${app} are in different pipelines, and a promotion goes from one app of a pipeline to another.`
      : `${alone} ${alone.includes(' and ') ? 'are' : 'is'} in no pipeline, and a promotion goes from one app of a pipeline to another.`,
    `Put both into one: \`heroku pipelines:add <pipeline> --app ${app} --stage production\`; \`promote-from\` names the app that it comes from.`,
  )
}

/** @returns the id of the release that it made; `undefined` when Heroku doesn't tell */
async function promote(
  api: PlatformApi,
  promotion: Parameters<PlatformApi['promote']>[0],
  name: string,
  { log, time, signal }: Collaborators,
): Promise<string | undefined> {
  try {
    log.info(`Promoting ${name} to ${api.appName}`)
    const id = await api.promote(promotion, signal)
    for (;;) {
      const target = (await api.promotionTargets(id, signal)).find(
        ({ appId }) => appId === promotion.targetAppId,
      )
      if (target?.releaseId !== undefined) return target.releaseId
      if (target?.status === 'failed') {
        throw new DeployError(
          'promotion-failed',
          `Heroku could not promote ${name} to ${api.appName}${target.error ? `: "${target.error}"` : ''}.`,
          `Nothing was released: what ran before still runs. \`heroku releases --app ${api.appName}\` shows what is there.`,
        )
      }
      if (target?.status === 'succeeded') return undefined
      await time.sleep(POLL_MS, signal)
    }
  } catch (error) {
    signal.throwIfAborted()
    if (!(error instanceof ApiError)) throw error
    throw new DeployError('promotion-failed', error.message, error.next, { cause: error })
  }
}
