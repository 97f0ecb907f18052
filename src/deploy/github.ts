/** Who asks, as a job of GitHub's knows it: names for a person, and the run's address. Empty outside of a job. */
export function askerOfJob(env: NodeJS.ProcessEnv): { readonly name?: string; readonly runUrl?: string } {
  const { GITHUB_ACTOR: actor, GITHUB_REPOSITORY: repository, GITHUB_RUN_ID: run } = env
  const server = env.GITHUB_SERVER_URL
  const name = [actor, repository].filter(Boolean).join(', ')
  return {
    ...(name && { name }),
    ...(server && repository && run && { runUrl: `${server}/${repository}/actions/runs/${run}` }),
  }
}
