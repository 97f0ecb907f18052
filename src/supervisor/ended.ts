import { constants } from 'node:os'

/** How the program ended. */
export interface Ended {
  /** as a shell shows it: 128 and the signal's number, 127 for a program that isn't there, 126 for one that can't be started */
  readonly code: number
  /** what ended it */
  readonly signal?: NodeJS.Signals
  /** goes on after its name: `ended with code 0` */
  readonly how: string
}

/** It came to its end by itself. */
export const byItself = (code: number): Ended => ({ code, how: `ended with code ${code}` })

/** A signal ended it. */
export const by = (signal: NodeJS.Signals): Ended => ({
  code: 128 + constants.signals[signal],
  signal,
  how: `was ended by ${signal}`,
})

/** The system refused to start it. */
export function notStarted(file: string, { code, message }: NodeJS.ErrnoException): Ended {
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    const why = file.includes('/') ? 'there is no such file' : 'no folder of PATH has such a program'
    return {
      code: 127,
      how: `can't be started: ${why}, or the interpreter that its first line names is missing`,
    }
  }
  return { code: 126, how: `can't be started: ${code === 'EACCES' ? 'it is not executable' : message}` }
}
