import { DeployError } from '../outcome.ts'
import { together } from '../together.ts'
import { ApiError } from './api-error.ts'
import { assertFolder, resolveCommit } from './checkout.ts'
import type { Collaborators } from './collaborators.ts'
import { createGit, type Git } from './git.ts'
import type { HerokuPlan } from './plan.ts'
import type { PlatformApi } from './platform-api.ts'
import type { Pushable } from './push.ts'
import { assertReleasePhase } from './release-phase.ts'
import { short } from './releases.ts'
import { ancestry, type Branch, chooseBranch, NotLetInError, noteOnBranch, remoteHeads } from './remote.ts'
import { slugOf } from './rerelease.ts'
import { readStanding } from './standing.ts'
import { splitSubtree } from './subtree.ts'
import type { Standing } from './target.ts'
import { assertRunning } from './up-to-date.ts'

/** A push that can be made: everything that can be known beforehand is known. */
export interface PushTarget extends Standing, Pushable {
  /** what is deployed, for a person */
  readonly what: string
  /** Heroku has the commit already, so that there is nothing to push */
  readonly upToDate: boolean
  /** the slug to release instead, where the plan says so */
  readonly slug?: string
}

/**
 * Finds out whether the push can succeed, without changing anything at Heroku or asking anything of the app.
 * @throws DeployError `preflight-failed`; `release-failed` when `commit` was pushed before and its release failed
 */
export async function preflight(
  plan: HerokuPlan,
  api: PlatformApi,
  collaborators: Collaborators,
): Promise<PushTarget> {
  const { signal } = collaborators
  // Before anything is started in it: the system's error would not tell a missing folder from a missing git.
  await assertFolder(plan.directory)
  const git = await createGit(plan, collaborators)
  const [{ releases, ...standing }, newestBuild, { commit, what }, heads] = await together(signal, [
    (linked) => readStanding(api, { ...collaborators, signal: linked }),
    (linked) => newestBuildOf(api, linked),
    (linked) => commitOf(git, plan, { ...collaborators, signal: linked }),
    (linked) => headsOf(git, plan, { ...collaborators, signal: linked }),
  ])
  const branch = chooseBranch(heads, plan.branch)
  const note = noteOnBranch(plan.app, heads, plan.branch)
  if (note !== undefined) collaborators.log.info(note)
  const head = heads.get(branch)
  const upToDate = head === commit
  let slug: string | undefined
  if (!upToDate) await assertPushable(git, { ...plan, branch }, head, commit, collaborators)
  else if (plan.upToDate === 'rerelease') slug = await slugOf(commit, api, { releases }, signal)
  else await assertRunning(api, releases, commit, signal)
  if (!upToDate && plan.drainAt === 'release-phase') await assertReleasePhase(git, commit)
  signal.throwIfAborted()
  return {
    ...standing,
    ...{ branch, commit, what, upToDate, git },
    forcePush: plan.forcePush,
    ...(head && { head }),
    ...(newestBuild && { newestBuild }),
    ...(slug !== undefined && { slug }),
  }
}

/** None, with a warning, for a dry run of a token that git does not let in. */
async function headsOf(
  git: Git,
  { app, dryRun }: HerokuPlan,
  collaborators: Collaborators,
): Promise<ReadonlyMap<Branch, string>> {
  try {
    return await remoteHeads(git, app, collaborators)
  } catch (error) {
    if (!dryRun || !(error instanceof NotLetInError)) throw error
    collaborators.log.warning(
      `${error.message} A deploy with this token would fail here; whether there is anything to push is not known. ${error.next}`,
    )
    return new Map()
  }
}

/** What is to be pushed: the commit that `ref` names, or its folder's own. */
async function commitOf(
  git: Git,
  plan: HerokuPlan,
  collaborators: Collaborators,
): Promise<{ readonly commit: string; readonly what: string }> {
  const { ref, appDir, directory } = plan
  const commit = await resolveCommit(git, plan, collaborators)
  if (appDir === undefined) return { commit, what: `${ref} is ${short(commit)}` }
  const split = await splitSubtree(git, { commit, appDir, directory }, collaborators)
  return { commit: split, what: `${appDir} of ${ref} (${short(commit)}) is ${short(split)}` }
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
  plan: Pick<HerokuPlan, 'app' | 'forcePush'> & { readonly branch: string },
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
