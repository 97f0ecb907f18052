import type { Collaborators } from './collaborators.ts'
import { type CommitCopier, createCommitCopier } from './commit-copy.ts'
import type { Git } from './git.ts'
import { createPlumbing, type Plumbing } from './plumbing.ts'
import { short } from './releases.ts'

/** Commits and their parents, parents first. */
type History = readonly (readonly [commit: string, ...parents: string[]])[]

interface Splitting {
  readonly run: Plumbing
  readonly copier: CommitCopier
  /** the tree of a commit that is a parent in the new history */
  readonly treeOf: (commit: string) => Promise<string>
}

/**
 * The history of a folder, by the rules of `git subtree split`, which decide about every commit's SHA: a commit that changed
 * nothing in the folder falls together with its parent; of a merge only what both sides have contributed is kept; a commit
 * that dropped the folder stands for itself; what was split before and joined again is taken from there.
 * @param commit full SHA of a commit that has the folder
 * @returns the SHA of the new history's newest commit
 * @throws DeployError `preflight-failed` when git can't read the history or write a commit
 */
export async function splitHistory(
  git: Git,
  { commit, folder }: { readonly commit: string; readonly folder: string },
  { log, signal }: Pick<Collaborators, 'log' | 'signal'>,
): Promise<string> {
  const run = createPlumbing(git, `give ${folder} a history of its own`, signal)
  /** what each commit of the repository became */
  const became = await priorSplits(git, run, { commit, folder }, { log, signal })
  const history = neededOf(await historyOf(run, commit), commit, became)
  const folders = await treesOf(
    run,
    history.map(([each]) => `${each}:${folder}`),
  )
  const treeIn = (each: string | undefined) => folders.get(`${each}:${folder}`)
  const expected = history.flatMap(([each, first, ...others]) =>
    treeIn(each) && (others.length > 0 || treeIn(first) !== treeIn(each)) ? [each] : [],
  )
  const trees = new Map<string, string>()
  const splitting: Splitting = {
    run,
    copier: createCommitCopier(run, expected),
    async treeOf(each) {
      const tree =
        trees.get(each) ?? (await run(['rev-parse', '--verify', `${each}^{tree}`])).toString().trim()
      trees.set(each, tree)
      return tree
    },
  }
  for (const [each, ...parents] of history) {
    const newParents = parents.flatMap((parent) => became.get(parent) ?? [])
    const tree = treeIn(each)
    if (tree !== undefined) {
      const made = await copyOrSkip(each, tree, newParents, splitting)
      trees.set(made, tree)
      became.set(each, made)
    } else if (newParents.length > 0) {
      became.set(each, each)
    }
  }
  const split = became.get(commit)
  if (split !== undefined) return split
  throw new Error(`${commit} is not the full SHA of a commit that has ${folder}`)
}

async function historyOf(run: Plumbing, commit: string): Promise<History> {
  const listed = await run(['rev-list', '--topo-order', '--reverse', '--parents', commit])
  const lines = listed.toString().trimEnd().split('\n')
  return lines.map((line) => line.split(' ') as [string, ...string[]])
}

/** Without what lies behind commits of which it is known already what they became. */
function neededOf(history: History, tip: string, became: ReadonlyMap<string, string>): History {
  const needed = new Set([tip])
  const kept = history.toReversed().filter(([commit, ...parents]) => {
    if (!needed.has(commit) || became.has(commit)) return false
    for (const parent of parents) needed.add(parent)
    return true
  })
  return kept.reverse()
}

/** The trees of those names that are one: a file or a submodule is none. */
async function treesOf(run: Plumbing, names: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const told = await run(['cat-file', '--batch-check=%(objecttype) %(objectname)'], {
    input: names.map((name) => `${name}\n`).join(''),
  })
  // One line for each name, in their order; `<name> missing` for what isn't there.
  const lines = told.toString().split('\n')
  return new Map(
    names.flatMap((name, i) => {
      const [, tree] = /^tree ([0-9a-f]{40,64})$/.exec(lines[i] ?? '') ?? []
      return tree ? [[name, tree]] : []
    }),
  )
}

/**
 * What `git subtree add`, `merge --squash` and `split --rejoin` have written into messages about this folder: which commit
 * is which one in the folder's own history.
 */
async function priorSplits(
  git: Git,
  run: Plumbing,
  { commit, folder }: { readonly commit: string; readonly folder: string },
  { log, signal }: Pick<Collaborators, 'log' | 'signal'>,
): Promise<Map<string, string>> {
  const became = new Map<string, string>()
  const told = await run([
    'log',
    ...['--basic-regexp', '--grep=^git-subtree-dir: '],
    ...['--no-show-signature', '--encoding=UTF-8', '-z', '--format=format:%H%n%b'],
    commit,
  ])
  for (const record of told.toString().split('\0')) {
    const [joint = '', ...lines] = record.split('\n')
    const values = (key: string) =>
      lines.flatMap((line) => (line.startsWith(`${key}: `) ? [line.slice(key.length + 2).trim()] : []))
    if (!values('git-subtree-dir').some((path) => path.replace(/\/+$/, '') === folder)) continue
    const main = values('git-subtree-mainline').at(-1)
    const named = values('git-subtree-split').at(-1)
    if (!named || !/^[0-9a-f]{4,64}$/.test(named)) continue
    const found = await git.plumbing(['rev-parse', '--verify', '--quiet', `${named}^{commit}`], signal)
    if (found.code !== 0) {
      log.info(
        `${short(joint)} has put ${short(named)} into ${folder}, and that is not in the checkout: the folder's history begins there`,
      )
      continue
    }
    const split = found.stdout.toString().trim()
    // Newest first: what was told last counts.
    for (const each of main ? [main, split] : [joint]) if (!became.has(each)) became.set(each, split)
  }
  return became
}

/** A parent that has the same files stands for the commit, unless another one has history that would be lost. */
async function copyOrSkip(
  commit: string,
  tree: string,
  newParents: readonly string[],
  { run, copier, treeOf }: Splitting,
): Promise<string> {
  let same: string | undefined
  let other: string | undefined
  let needed = false
  for (const parent of newParents) {
    if ((await treeOf(parent)) !== tree) other = parent
    else if (same === undefined) same = parent
    else if (await within(run, same, parent)) same = parent
    else if (!(await within(run, parent, same))) needed = true
  }
  if (same !== undefined && other !== undefined && !needed) {
    needed = Number(await run(['rev-list', '--count', `${same}..${other}`])) > 0
  }
  if (same !== undefined && !needed) return same
  return copier.copy(commit, tree, [...new Set(newParents)])
}

/** Whether all of the history of `one` is in that of `two`. */
async function within(run: Plumbing, one: string, two: string): Promise<boolean> {
  return (await run(['rev-list', '--max-count=1', one, `^${two}`])).length === 0
}
