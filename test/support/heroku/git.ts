import { execFile, execFileSync } from 'node:child_process'
import { devNull } from 'node:os'
import { join } from 'node:path'
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

/**
 * Puts what a folder holds on the repository's main.
 * @param commit of the repository that `folder` is the top of; without it, a commit is made of the folder's files
 * @returns the commit, full SHA
 */
export async function commitFolder(repository: string, folder: string, commit?: string): Promise<string> {
  if (commit !== undefined) {
    await git(repository, ['fetch', '--quiet', folder, `+${commit}:refs/heads/main`])
    return git(repository, ['rev-parse', 'refs/heads/main'])
  }
  const place = { GIT_WORK_TREE: folder, GIT_INDEX_FILE: join(repository, 'folder.index') }
  await git(repository, ['add', '--all', folder], place)
  const tree = await git(repository, ['write-tree'], place)
  const parents = await git(repository, ['for-each-ref', '--format=%(objectname)', 'refs/heads/main'])
  const parent = parents === '' ? [] : ['-p', parents]
  const made = await git(repository, ['commit-tree', '-m', 'Deploy a folder', ...parent, tree])
  await git(repository, ['update-ref', 'refs/heads/main', made])
  return made
}

/** Makes a bare repository that takes pushes over HTTP. */
export function createRepository(repository: string): void {
  const env = { ...gitEnvironment(), GIT_DIR: repository }
  execFileSync('git', ['init', '--quiet', '--bare', '--initial-branch=main'], { env })
  execFileSync('git', ['config', 'http.receivepack', 'true'], { env })
  execFileSync('git', ['config', 'receive.denyDeletes', 'true'], { env })
}

/** @returns the commit of main, or of master where there is no main */
export function headOf(repository: string): string | undefined {
  const args = ['for-each-ref', '--format=%(objectname)', 'refs/heads/main', 'refs/heads/master']
  const env = { ...gitEnvironment(), GIT_DIR: repository }
  return execFileSync('git', args, { env }).toString().split('\n')[0] || undefined
}
