import { execFileSync } from 'node:child_process'
import { gitEnvironment, type Repository } from './repository.ts'

/** Numbers from 0 up to 1, the same for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

/**
 * Fills an empty repository with a history in which `folder` comes, changes, goes and comes back, on branches that
 * fork and merge, also unrelated and three at a time. The last commit has it.
 */
export function makeHistory(
  { path }: Repository,
  home: string,
  { folder, commits, random }: { folder: string; commits: number; random: () => number },
): void {
  const any = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T
  const heads: number[] = []
  const lines: string[] = []
  for (let mark = 1; mark <= commits; mark++) {
    const last = mark === commits
    const text = `Change ${mark}${any(['\n', '', '\n\nWhy: ü, 100 %\n\n\n', '\n\n  # not a comment\n'])}`
    lines.push(
      // A branch of its own, so that a commit without `from` has no parent.
      `commit refs/heads/${last ? 'main' : `made-${mark}`}`,
      `mark :${mark}`,
      `author ${any(['Ada', 'Zoë Ångström', 'CORP\\ada'])} <ada@example.com> ${1_700_000_000 + 60 * mark} ${any(['+0000', '-0330', '+1245'])}`,
      `committer GitHub <noreply@example.com> ${1_700_000_000 + 61 * mark} +0200`,
      `data ${Buffer.byteLength(text)}`,
      text,
    )
    const parents = new Set(last ? heads : random() < 0.05 ? [] : [mark - 1])
    if (random() < 0.3 && heads.length > 0) parents.add(any(heads))
    if (random() < 0.1 && heads.length > 0) parents.add(any(heads))
    const [first, ...others] = [...parents].filter((parent) => parent > 0)
    if (first) lines.push(`from :${first}`)
    for (const other of others) lines.push(`merge :${other}`)
    const change = random()
    if (change < 0.05) lines.push(`D ${folder}`)
    else if (change < 0.5) lines.push(`M 100644 inline ${folder}/f${any([1, 2])}`, 'data 1', any(['a', 'b']))
    else if (change < 0.9) lines.push(`M 100644 inline elsewhere/f${mark}`, 'data 1', 'x')
    if (last) lines.push(`M 100644 inline ${folder}/Procfile`, 'data 1', 'x')
    lines.push('')
    if (random() < 0.5) heads.splice(Math.floor(random() * 4), 1, mark)
  }
  const env = gitEnvironment(home)
  execFileSync('git', ['fast-import', '--quiet', '--force'], { cwd: path, env, input: lines.join('\n') })
  execFileSync('git', ['reset', '--quiet', '--hard', 'main'], { cwd: path, env })
}
