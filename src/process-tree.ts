import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

/** Sends a signal to a process and to all that it has started, whatever group or session they are in. Who is gone already is left out. */
export function signalTree(root: number, signal: NodeJS.Signals): void {
  for (const pid of [root, ...descendants(root)]) {
    try {
      process.kill(pid, signal)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    }
  }
}

/** Process ids of all that a process has started, directly or not. What lost its parent is not found any more. */
export function descendants(root: number): number[] {
  const children = new Map<number, number[]>()
  for (const [pid, parent] of parents()) children.set(parent, [...(children.get(parent) ?? []), pid])
  const tree = [root]
  // The list grows under the loop: children of children are looked up in turn.
  for (const pid of tree) tree.push(...(children.get(pid) ?? []))
  return tree.slice(1)
}

/** Every process with its parent. */
function parents(): [pid: number, parent: number][] {
  if (process.platform !== 'linux') {
    const table = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' })
    return table
      .trim()
      .split('\n')
      .map((line) => line.trim().split(/\s+/).map(Number) as [number, number])
  }
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return []
    try {
      // The name in parentheses may contain anything; the parent stands behind the state.
      const [, parent] = readFileSync(`/proc/${name}/stat`, 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ')
      return [[Number(name), Number(parent)] as [number, number]]
    } catch {
      return []
    }
  })
}
