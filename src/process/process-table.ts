import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

/** A process that is alive: a zombie, which somebody has only not waited for yet, is not. */
export interface Process {
  readonly pid: number
  /** the process that started it, or whoever has adopted it since */
  readonly parent: number
  /** the id of its process group */
  readonly group: number
  /** of its program, as the kernel keeps it: 15 characters on Linux */
  readonly name: string
}

/** How many processes a line names. */
const SHOWN = 3

/** All processes of this machine, or of this container. */
export function processTable(): Process[] {
  return process.platform === 'linux' ? fromProc() : fromPs()
}

/** Who is alive in the group of `leader`, which may have ended. */
export function membersOf(leader: number): Process[] {
  try {
    process.kill(-leader, 0)
  } catch (error) {
    // The usual case, without reading the table. EPERM: there are some, or on macOS only zombies.
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return []
  }
  return processTable().filter(({ group }) => group === leader)
}

/** Whom `ancestor` has started, and whom these have, in whatever group or session. */
export function descendantsOf(ancestor: number): Process[] {
  const table = processTable()
  const family = new Set([ancestor])
  for (let before = 0; before < family.size; ) {
    before = family.size
    for (const { pid, parent } of table) if (family.has(parent)) family.add(pid)
  }
  family.delete(ancestor)
  return table.filter(({ pid }) => family.has(pid))
}

/** Sends a signal to one process; if it is gone already, that is no error. */
export function signalOne(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** Some processes in words: `2 processes (4711 python, 4712 sh)`. */
export function describe(processes: readonly Process[]): string {
  const shown = processes.slice(0, SHOWN).map(({ pid, name }) => `${pid} ${name}`)
  const more = processes.length > SHOWN ? ', …' : ''
  return `${processes.length} process${processes.length === 1 ? '' : 'es'} (${shown.join(', ')}${more})`
}

function fromProc(): Process[] {
  return readdirSync('/proc').flatMap((entry) => {
    if (!/^\d+$/.test(entry)) return []
    let stat: string
    try {
      stat = readFileSync(`/proc/${entry}/stat`, 'latin1')
    } catch {
      // Ended meanwhile.
      return []
    }
    // `pid (name) state ppid pgrp …`: the name may hold blanks and parentheses itself.
    const [, name = '', state = '', parent, group] = /^\d+ \((.*)\) (\S) (\d+) (\d+) /s.exec(stat) ?? []
    if ('ZXx'.includes(state)) return []
    return [{ pid: Number(entry), parent: Number(parent), group: Number(group), name }]
  })
}

function fromPs(): Process[] {
  const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,pgid=,stat=,comm='], { encoding: 'utf8' })
  return lines.split('\n').flatMap((line) => {
    const [, pid, parent, group, state = 'Z', path = ''] =
      /^ *(\d+) +(\d+) +(\d+) +(\S+) +(.*)$/.exec(line) ?? []
    if (state.startsWith('Z')) return []
    const name = path.slice(path.lastIndexOf('/') + 1)
    return [{ pid: Number(pid), parent: Number(parent), group: Number(group), name }]
  })
}
