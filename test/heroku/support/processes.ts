import { execFileSync } from 'node:child_process'

export interface Process {
  readonly pid: number
  /** the id of its process group */
  readonly group: number
  readonly commandLine: string
}

/** All processes of this machine that are alive: a zombie, which somebody has only not waited for yet, isn't. */
export function processes(): Process[] {
  const table = execFileSync('ps', ['-A', '-ww', '-o', 'pid=,pgid=,stat=,args='], { encoding: 'utf8' })
  return table.split('\n').flatMap((line) => {
    const [, pid, group, state, commandLine = ''] = /^ *(\d+) +(\d+) +(\S+) +(.*)$/.exec(line) ?? []
    return state && !state.startsWith('Z') ? [{ pid: Number(pid), group: Number(group), commandLine }] : []
  })
}

/** The members of the process group in which git talks to `url`; empty when none does. */
export function groupOf(url: string): Process[] {
  const all = processes()
  const leader = all.find(({ commandLine }) => commandLine.includes(url))
  return leader ? all.filter(({ group }) => group === leader.group) : []
}
