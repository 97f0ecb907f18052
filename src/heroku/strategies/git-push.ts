import { DeployError } from '../outcome.ts'
import { ApiError } from './api-error.ts'
import { assertFolder, resolveCommit } from './checkout.ts'
import type { Collaborators } from './collaborators.ts'
import { createGit, type Git } from './git.ts'
import type { PlatformApi } from './platform-api.ts'
import { RELEASES_LOOKED_AT, short, versionName } from './releases.ts'
import { ancestry, remoteHead } from './remote.ts'
import { together } from './together.ts'
import { assertRunning } from './up-to-date.ts'

/** What this room needs to know of a deploy. */
export interface HerokuPlan {
  readonly app: string
  readonly apiKey: string
  readonly apiUrl: string
  readonly gitUrl: string
  /** anything that `git rev-parse` understands */
  readonly ref: string
  readonly branch: 'main' | 'master'
  readonly forcePush: boolean
  /** the folder with the checkout */
  readonly directory: string
}

/** A deploy that can begin: everything that can be known beforehand is known. Holds no secret that could be printed. */
export interface Target {
  readonly app: string
  /** the app's own URL; empty when it has none */
  readonly webUrl: string
  readonly branch: 'main' | 'master'
  /** what is to be deployed: full SHA */
  readonly commit: string
  /** what is at Heroku: full SHA; absent before the first deploy to this branch */
  readonly head?: string
  /** the app runs `commit` already */
  readonly upToDate: boolean
  readonly forcePush: boolean
  /** the release that runs, `v42`; absent when none is current */
  readonly currentRelease?: string
  /** the number of the newest release, whatever became of it; 0 when there is none */
  readonly newestVersion: number
  /** the newest build before the push; absent when builds can't be read, `id` absent when there is none */
  readonly newestBuild?: { readonly id?: string }
  readonly git: Git
  readonly api: PlatformApi
}

/**
 * Finds out whether the push can succeed, without changing anything at Heroku or asking anything of the app.
 * @throws DeployError `preflight-failed`; `release-failed` when `commit` was pushed before and its release failed
 */
export async function preflight(
  plan: HerokuPlan,
  api: PlatformApi,
  collaborators: Collaborators,
): Promise<Target> {
  const { signal } = collaborators
  // Before anything is started in it: the system's error would not tell a missing folder from a missing git.
  await assertFolder(plan.directory)
  const git = await createGit(plan, collaborators)
  const [app, releases, newestBuild, commit, head] = await together(signal, [
    (linked) => api.app(linked),
    (linked) => api.releases(RELEASES_LOOKED_AT, linked),
    (linked) => newestBuildOf(api, linked),
    (linked) => resolveCommit(git, plan, { ...collaborators, signal: linked }),
    (linked) => remoteHead(git, plan.app, plan.branch, { ...collaborators, signal: linked }),
  ])
  const upToDate = head === commit
  if (upToDate) await assertRunning(api, releases, commit, signal)
  else await assertPushable(git, plan, head, commit, collaborators)
  signal.throwIfAborted()
  const current = releases.find((release) => release.current)
  return {
    app: app.name,
    webUrl: app.webUrl ?? '',
    branch: plan.branch,
    commit,
    ...(head && { head }),
    upToDate,
    forcePush: plan.forcePush,
    ...(current && { currentRelease: versionName(current.version) }),
    newestVersion: releases[0]?.version ?? 0,
    ...(newestBuild && { newestBuild }),
    git,
    api,
  }
}

/** Builds are asked about only if a push breaks off, so a deploy doesn't fail because they can't be read. */
async function newestBuildOf(api: PlatformApi, signal: AbortSignal): Promise<{ id?: string } | undefined> {
  try {
    const build = await api.newestBuild(signal)
    return build ? { id: build.id } : {}
  } catch (error) {
    if (error instanceof ApiError) return undefined
    throw error
  }
}

async function assertPushable(
  git: Git,
  plan: HerokuPlan,
  head: string | undefined,
  commit: string,
  { log }: Collaborators,
): Promise<void> {
  const related = await ancestry(git, head, commit)
  if (related === 'fast-forward' || head === undefined) return
  const there = `${plan.branch} of ${plan.app} at Heroku is at ${short(head)}`
  const why =
    related === 'diverged'
      ? `which is not an ancestor of ${short(commit)}`
      : `a commit that this checkout doesn't have, so ${short(commit)} does not build on it`
  if (plan.forcePush) {
    log.warning(`${there}, ${why}: it will be replaced, as \`force-push: true\` asks for`)
    return
  }
  throw new DeployError(
    'preflight-failed',
    `Pushing ${short(commit)} would drop commits: ${there}, ${why}.`,
    `If what is at Heroku is meant to be replaced, set \`force-push: true\`. Otherwise merge it first: ` +
      `\`git fetch ${git.remoteUrl} ${plan.branch}\` and \`git merge FETCH_HEAD\`. If this commit is simply older than what ` +
      'runs (a job that was run again), deploy the newest commit.',
  )
}
