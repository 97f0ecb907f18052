import { constants } from 'node:os'
import { delimiter, join, resolve } from 'node:path'
import type { Time } from '../time.ts'
import { executability, pathOf } from './executable.ts'
import { type Command, runGroup } from './process-group.ts'

/** How a command ended, as a shell tells it: 127, it was not found; 126, it can't be run; 128 and the signal's number. */
export interface CommandEnd {
  readonly code: number
  readonly signal?: NodeJS.Signals
  /** why it could not be started, for a person */
  readonly problem?: string
}

/**
 * Why a command can't be started, found out before anybody is drained for it; `undefined` if it can, as far as is to be seen. On
 * Windows the system itself is asked, at the start.
 */
export async function commandProblem({
  program,
  cwd,
  env,
}: Pick<Command, 'program' | 'cwd' | 'env'>): Promise<CommandEnd | undefined> {
  if (process.platform === 'win32') return undefined
  const folders = program.includes('/') ? [''] : pathOf(env).split(delimiter)
  const found = new Set<string>()
  for (const folder of folders) found.add(await executability(resolve(cwd, join(folder, program))))
  if (program !== '' && found.has('runs')) return undefined
  return notStarted(program, program !== '' && found.has('not-executable') ? 'EACCES' : 'ENOENT')
}

/**
 * Runs any command, without a shell and in a process group of its own.
 * @throws the signal's reason when that aborts, once the whole group has ended
 */
export async function runCommand(
  command: Command,
  around: { readonly time: Time; readonly signal: AbortSignal },
): Promise<CommandEnd> {
  try {
    const { code, signal } = await runGroup(command, around)
    if (signal !== undefined) return { code: signalCode(signal), signal }
    return { code: code ?? 1 }
  } catch (error) {
    const { code = '', syscall = '' } = error as NodeJS.ErrnoException
    if (!syscall.startsWith('spawn')) throw error
    return notStarted(command.program, code)
  }
}

/** The exit code with which a shell tells of a signal. */
export function signalCode(name: NodeJS.Signals): number {
  return 128 + constants.signals[name]
}

function notStarted(program: string, code: string): CommandEnd {
  switch (code) {
    case 'ENOENT':
      return {
        code: 127,
        problem: `there is no program ${program}${program.includes('/') ? '' : ' on the PATH'}`,
      }
    case 'EACCES':
      return { code: 126, problem: `${program} is not executable: chmod +x makes it so` }
    default:
      return { code: 126, problem: `${program} can't be run (${code})` }
  }
}
