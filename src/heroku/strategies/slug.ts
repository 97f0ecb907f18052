import { DeployError } from '../../outcome.ts'
import { ApiError } from '../api-error.ts'
import { assertFolder, resolveCommit } from '../checkout.ts'
import type { Collaborators } from '../collaborators.ts'
import { createGit } from '../git.ts'
import type { HerokuPlan } from '../plan.ts'
import type { PlatformApi } from '../platform-api.ts'
import { short } from '../releases.ts'
import { rerelease, slugOf } from '../rerelease.ts'
import { readStanding } from '../standing.ts'
import type { Prepared } from '../target.ts'

/**
 * Finds the slug that is to be released: that of release `v41`, one by its id, or the one that was built from the plan's commit.
 * @throws DeployError `preflight-failed`
 */
export async function prepareSlug(
  plan: HerokuPlan,
  wanted: string,
  api: PlatformApi,
  collaborators: Collaborators,
): Promise<Prepared> {
  const { signal } = collaborators
  const { releases, ...standing } = await readStanding(api, collaborators)
  const { id, commit, name } = await find()
  return rerelease(
    {
      ...standing,
      what: `${name} is ${commit === '' ? 'of a commit that Heroku does not tell' : short(commit)}`,
      commit,
      upToDate: standing.currentSlug === id,
    },
    id,
    collaborators,
  )

  async function find(): Promise<{ id: string; commit: string; name: string }> {
    if (wanted === '') {
      await assertFolder(plan.directory)
      const git = await createGit(plan, collaborators)
      const commit = await resolveCommit(git, plan, collaborators)
      return { id: await slugOf(commit, api, { releases }, signal), commit, name: plan.ref }
    }
    const id = wanted.startsWith('v') ? await slugOfRelease(api, wanted, signal) : wanted
    const name = wanted.startsWith('v') ? `the slug of ${wanted}` : `slug ${short(id)}`
    return { id, commit: await commitOf(api, id, wanted, signal), name }
  }
}

async function slugOfRelease(api: PlatformApi, version: string, signal: AbortSignal): Promise<string> {
  const release = await api.release(Number(version.slice(1)), signal).catch((error: unknown) => {
    throw error instanceof ApiError && error.status === 404
      ? unknownSlug(api, version, 'there is no such release')
      : error
  })
  if (release.slugId) return release.slugId
  throw unknownSlug(api, version, 'that release runs no slug (a container image, or nothing yet)')
}

async function commitOf(api: PlatformApi, id: string, wanted: string, signal: AbortSignal): Promise<string> {
  try {
    return (await api.slugCommit(id, signal)) ?? ''
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 404) throw error
    throw unknownSlug(api, wanted, 'Heroku has no such slug (any more)')
  }
}

function unknownSlug(api: PlatformApi, wanted: string, why: string): DeployError {
  return new DeployError(
    'preflight-failed',
    `The input \`slug\` is ${wanted}, and nothing can be released by that: ${why}.`,
    `\`heroku releases --app ${api.appName}\` lists the releases of ${api.appName}. Give one that was built, such as v41, or a slug's id.`,
  )
}
