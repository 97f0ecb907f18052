import { execFile } from 'node:child_process'
import { devNull } from 'node:os'
import { promisify } from 'node:util'

/** Heroku's git knows nothing of this machine's configuration. */
export const gitEnvironment = (): Record<string, string> => ({
  PATH: process.env.PATH ?? '',
  HOME: '/',
  LC_ALL: 'C',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: devNull,
  GIT_AUTHOR_NAME: 'Heroku',
  GIT_AUTHOR_EMAIL: 'heroku@example.com',
  GIT_COMMITTER_NAME: 'Heroku',
  GIT_COMMITTER_EMAIL: 'heroku@example.com',
})

/** Runs git in a bare repository. @returns what it printed, trimmed */
export async function git(
  repository: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const { stdout } = await promisify(execFile)('git', args, {
    cwd: repository,
    env: { ...gitEnvironment(), GIT_DIR: repository, ...env },
  })
  return stdout.trim()
}
