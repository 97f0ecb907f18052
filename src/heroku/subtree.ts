import { DeployError } from '../outcome.ts'
import { quote } from '../quote.ts'
import type { Collaborators } from './collaborators.ts'
import type { Git } from './git.ts'
import { createPlumbing, type Plumbing } from './plumbing.ts'
import { short } from './releases.ts'
import { splitHistory } from './subtree-history.ts'

/** How many folders an error names. */
const NAMED = 10

/**
 * The commit whose tree is the folder `appDir` of `commit`, with that folder's own history: the one that
 * `git subtree split --prefix` makes, so that whoever has deployed by `git subtree push` goes on from there, and the same
 * commit always gives the same one. Only objects are written: the checkout, its index, its branches and its HEAD stay as
 * they are. See docs/adr/0006-folders-are-split-by-plumbing.md.
 * @param place `commit` is a full SHA; `appDir` is relative to the top of the repository, without a slash at its ends
 * @throws DeployError `preflight-failed` when there is no such folder, or git can't do it
 */
export async function splitSubtree(
  git: Git,
  place: { readonly commit: string; readonly appDir: string; readonly directory: string },
  { log, signal }: Pick<Collaborators, 'log' | 'signal'>,
): Promise<string> {
  const { commit, appDir } = place
  const run = createPlumbing(git, `read the folder ${quote(appDir)}`, signal)
  await assertFolderIn(run, commit, appDir)
  const split = await splitHistory(git, { commit, folder: appDir }, { log, signal })
  const count = Number(await run(['rev-list', '--count', split]))
  log.info(
    `${appDir} of ${short(commit)} is ${short(split)} on its own (${count} ${count === 1 ? 'commit' : 'commits'})`,
  )
  return split
}

interface Entry {
  readonly mode: string
  readonly name: string
}

async function assertFolderIn(run: Plumbing, commit: string, appDir: string): Promise<void> {
  const parts = appDir.split('/')
  const given = `The input \`app-dir\` is ${quote(appDir)}`
  if (parts.some((part) => ['', '.', '..'].includes(part)) || /[\0\r\n]/.test(appDir)) {
    throw new DeployError(
      'preflight-failed',
      `${given}, which is no path of a folder in the repository.`,
      'Give the path from the top of the repository, such as `services/shop`, without `.` and `..` in it.',
    )
  }
  let parent = ''
  for (const part of parts) {
    const entries = await entriesOf(run, commit, parent)
    const path = parent ? `${parent}/${part}` : part
    const entry = entries.find(({ name }) => name === path)
    if (!entry) {
      const where = parent ? `${quote(parent)} of ` : ''
      throw new DeployError(
        'preflight-failed',
        `${given}, and ${where}${short(commit)} has no ${quote(part)}. ${foldersOf(entries)}`,
        'Give the path of the folder from the top of the repository, in the case in which it is written there. A folder that is ' +
          'made by a step before this one has to be committed: what is deployed is a commit.',
      )
    }
    if (entry.mode !== '040000') throw notAFolder(given, path, entry.mode, commit)
    parent = path
  }
}

/** What lies directly in a folder of a commit, with whole paths; '' is the top. */
async function entriesOf(run: Plumbing, commit: string, folder: string): Promise<Entry[]> {
  const listed = await run(['ls-tree', '-z', '--full-tree', commit, ...(folder ? ['--', `${folder}/`] : [])])
  return listed
    .toString()
    .split('\0')
    .flatMap((line) => {
      const [, mode, name] = /^(\d{6}) \w+ [0-9a-f]+\t(.+)$/s.exec(line) ?? []
      return mode && name ? [{ mode, name }] : []
    })
}

function foldersOf(entries: readonly Entry[]): string {
  const folders = entries.filter(({ mode }) => mode === '040000').map(({ name }) => quote(name))
  if (folders.length === 0) return 'There is no folder at all.'
  const more = folders.length - NAMED
  return `There are the folders ${folders.slice(0, NAMED).join(', ')}${more > 0 ? ` and ${more} more` : ''}.`
}

function notAFolder(given: string, path: string, mode: string, commit: string): DeployError {
  const at = `${given}, and ${quote(path)} of ${short(commit)} is`
  if (mode === '160000') {
    return new DeployError(
      'preflight-failed',
      `${at} a submodule: its files are in a repository of their own.`,
      "Deploy from a checkout of that repository, without `app-dir`. The step's folder can be another one than that of this " +
        'repository: `repository` and `path` of `actions/checkout` make one.',
    )
  }
  const what = mode === '120000' ? 'a symbolic link' : 'a file'
  return new DeployError(
    'preflight-failed',
    `${at} ${what}, not a folder.`,
    'Give the folder that holds the app, the one with its Procfile.',
  )
}
