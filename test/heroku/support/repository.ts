import { execFileSync } from 'node:child_process'
import { mkdtempSync, realpathSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A folder for one test, gone when `remove` is called. */
export function temporaryFolder(): { path: string; remove(): Promise<void> } {
  const path = realpathSync(mkdtempSync(join(tmpdir(), 'deploy-gate-heroku-')))
  return { path, remove: () => rm(path, { recursive: true, force: true, maxRetries: 5 }) }
}

/** The environment of a test's git: nothing of this machine's configuration. */
export function gitEnvironment(home: string): Record<string, string> {
  return {
    PATH: process.env.PATH ?? '',
    HOME: home,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: join(home, '.gitconfig'),
  }
}

export interface Repository {
  readonly path: string
  git(...args: string[]): string
  /** makes a commit with one changed file and returns its full SHA */
  commit(text: string): string
}

/** An empty repository on the branch main. */
export function createRepository(path: string, home: string): Repository {
  const repository = openRepository(path, home)
  execFileSync('git', ['init', '--quiet', '--initial-branch=main', path], { env: gitEnvironment(home) })
  return repository
}

export function openRepository(path: string, home: string): Repository {
  const env = {
    ...gitEnvironment(home),
    GIT_AUTHOR_NAME: 'Ada',
    GIT_AUTHOR_EMAIL: 'ada@example.com',
    GIT_COMMITTER_NAME: 'Ada',
    GIT_COMMITTER_EMAIL: 'ada@example.com',
  }
  const git = (...args: string[]) =>
    execFileSync('git', args, { cwd: path, env, stdio: ['ignore', 'pipe', 'pipe'] })
      .toString()
      .trim()
  return {
    path,
    git,
    commit(text) {
      writeFileSync(join(path, 'app.txt'), text)
      git('add', 'app.txt')
      git('commit', '--quiet', '-m', text)
      return git('rev-parse', 'HEAD')
    },
  }
}
