import { randomBytes } from 'node:crypto'
import { shellWord } from '../shell-word.ts'

/** How a command tells its exit code at the end of its own output. */
export interface ExitMarker {
  /** the command, wrapped for the dyno's shell */
  readonly commandLine: string
  /** What a line of the output tells when the marker is in it: the code, and the text that stood before it. */
  read(line: string): { readonly code: number; readonly before: string } | undefined
}

/** Where an app that was built with Cloud Native Buildpacks has the program that sets up its environment. */
const LAUNCHER = '/cnb/lifecycle/launcher'
/** How often, once a second, the marker is printed when the output takes nothing. */
const TRIES = 10

/**
 * Wraps a command so that its output ends with a line that holds its exit code: Heroku's API tells none of a one-off
 * dyno. The line holds a number that nobody knows beforehand, and the command line holds only halves of it, so that
 * neither what the command prints nor a list of processes passes for it. Whatever the command is, it runs in a shell of
 * its own (bash, or sh where there is none), which it may leave, replace or not understand; of one that a signal n has
 * killed the code is 128 + n. Only one that kills the shell above it, too, leaves no marker.
 * @param command as one would write it in bash
 * @param launcher what runs the command where there is such a program
 */
export function markExit(command: string, launcher = LAUNCHER): ExitMarker {
  const halves = [randomBytes(8).toString('hex'), randomBytes(8).toString('hex')] as const
  const marker = new RegExp(`^(.*)${halves.join('')} (\\d{1,3});`, 's')
  return {
    commandLine: [
      // A dyno that is told to stop, or whose client has gone, tells all its processes: what the command makes of that must not end with
      // this shell.
      'trap : HUP INT TERM',
      // What is written to a command must not come back as its output.
      'stty -echo 2>/dev/null',
      `set -- ${shellWord(command)} ${shellWord(launcher)} sh`,
      'if command -v bash >/dev/null 2>&1; then set -- "$1" "$2" bash; fi',
      'if [ -x "$2" ]; then "$2" -- "$3" -c "$1"; else "$3" -c "$1"; fi',
      'set -- "$?"',
      // The command may have left the output non-blocking, and then it refuses what it can't take at once.
      `for _ in ${Array.from({ length: TRIES }, (_, index) => index + 1).join(' ')}; do ` +
        `if printf '\\n%s%s %d;\\n' ${halves.join(' ')} "$1" 2>/dev/null; then break; fi; sleep 1; done`,
      'exit "$1"',
    ].join('; '),
    read(line) {
      const [, before, code] = marker.exec(line) ?? []
      return before === undefined ? undefined : { code: Number(code), before }
    },
  }
}
