import { execFileSync } from 'node:child_process'

export interface Process {
  readonly pid: number
  /** the process that started it, or whoever has adopted it since */
  readonly parent: number
  /** the id of its process group */
  readonly group: number
  readonly commandLine: string
}

/** All processes of this machine that are alive: a zombie, which somebody has only not waited for yet, isn't. */
export function processes(): Process[] {
  const table = execFileSync('ps', ['-A', '-ww', '-o', 'pid=,ppid=,pgid=,stat=,args='], { encoding: 'utf8' })
  return table.split('\n').flatMap((line) => {
    const [, pid, parent, group, state, commandLine = ''] =
      /^ *(\d+) +(\d+) +(\d+) +(\S+) +(.*)$/.exec(line) ?? []
    if (!state || state.startsWith('Z')) return []
    return [{ pid: Number(pid), parent: Number(parent), group: Number(group), commandLine }]
  })
}

/** The members of the process group in which git talks to `url`; empty when none does. */
export function groupOf(url: string): Process[] {
  const all = processes()
  const leader = all.find(({ commandLine }) => commandLine.includes(url))
  return leader ? all.filter(({ group }) => group === leader.group) : []
}
