import type { Plumbing } from './plumbing.ts'

/** Copies commits with another tree and other parents. */
export interface CommitCopier {
  /** The SHA of the copy, which is there from now on. */
  copy(commit: string, tree: string, parents: readonly string[]): Promise<string>
}

/** Whose messages are read at once: they are all kept until they are used. */
const READ_AT_ONCE = 500
const PERSON = ['AUTHOR', 'COMMITTER'] as const
/** Name, address and date of those, a line each, then the message. */
const FORMAT = 'format:%H%n%an%n%ae%n%aD%n%cn%n%ce%n%cD%n%B'

interface Original {
  readonly env: Readonly<Record<string, string>>
  readonly message: Buffer
}

/** @param expected those that are most likely to be copied, in that order; any other can be, too */
export function createCommitCopier(run: Plumbing, expected: readonly string[]): CommitCopier {
  const originals = new Map<string, Original>()
  const places = new Map(expected.map((commit, i) => [commit, i]))

  async function read(commit: string): Promise<Original> {
    const place = places.get(commit)
    const asked = place === undefined ? [commit] : expected.slice(place, place + READ_AT_ONCE)
    const options = ['--no-show-signature', '--encoding=UTF-8', '-z', `--format=${FORMAT}`]
    const args = ['log', '--no-walk=unsorted', '--stdin', ...options]
    const told = await run(args, { input: `${asked.join('\n')}\n` })
    for (const record of cut(told, 0)) {
      const [sha = Buffer.of(), ...fields] = cut(record, 0x0a, 8)
      const message = fields.pop() ?? Buffer.of()
      const env = PERSON.flatMap((person, i) => {
        const [name = '', email = '', date = ''] = fields.slice(3 * i, 3 * i + 3).map(asRead)
        return [
          [`GIT_${person}_NAME`, name],
          [`GIT_${person}_EMAIL`, email],
          [`GIT_${person}_DATE`, date],
        ]
      })
      originals.set(sha.toString(), { env: Object.fromEntries(env), message })
    }
    const original = originals.get(commit)
    if (original) return original
    throw new Error(`git log has not told of ${commit}`)
  }

  return {
    async copy(commit, tree, parents) {
      const { env, message } = originals.get(commit) ?? (await read(commit))
      originals.delete(commit)
      // Whatever this machine's encoding is set to: the same commit has to come out everywhere.
      const utf8 = ['-c', 'i18n.commitEncoding=UTF-8']
      const args = [...utf8, 'commit-tree', tree, ...parents.flatMap((parent) => ['-p', parent])]
      return (await run(args, { input: message, env })).toString().trim()
    },
  }
}

/** `git subtree` reads these lines by the shell's `read`, which takes a backslash for the mark of a plain character. */
const asRead = (line: Buffer) => line.toString().replace(/\\(.?)/g, '$1')

/** The parts between the bytes that separate them; the last of at most `most` holds all the rest. */
function cut(bytes: Buffer, separator: number, most = Number.POSITIVE_INFINITY): Buffer[] {
  const parts: Buffer[] = []
  let from = 0
  while (parts.length < most - 1) {
    const to = bytes.indexOf(separator, from)
    if (to === -1) break
    parts.push(bytes.subarray(from, to))
    from = to + 1
  }
  parts.push(bytes.subarray(from))
  return parts
}
