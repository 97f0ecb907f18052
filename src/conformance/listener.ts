import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { killTree } from '../process-table.ts'

const LAST_LINES = 8

/** One boot of the program under trial. */
export interface Boot {
  /** how it ended, in words; `undefined` while it runs */
  readonly end: string | undefined
  readonly ended: Promise<void>
  /** the last lines that it printed */
  readonly lines: readonly string[]
  /** to the process itself */
  signal(name: NodeJS.Signals): void
  /** Ends the process and all that it has started, as the end of a dyno does. */
  kill(): Promise<void>
}

/** Ended with this process. */
const running = new Set<number>()
process.on('exit', () => {
  for (const pid of running) killTree(pid)
})

/** Starts the program with nothing but what a dyno has. */
export function boot(
  [program = '', ...args]: readonly string[],
  own: { readonly REDIS_URL: string; readonly DYNO: string; readonly DEPLOY_GATE_NAME: string },
): Boot {
  const { HEROKU_APP_NAME, HEROKU_RELEASE_VERSION, NO_GATE, ...env } = process.env
  const child = spawn(program, args, { env: { ...env, ...own }, stdio: ['ignore', 'pipe', 'pipe'] })
  const { pid } = child
  if (pid !== undefined) running.add(pid)
  const lines: string[] = []
  for (const stream of [child.stdout, child.stderr]) {
    createInterface(stream).on('line', (line) => {
      lines.push(line)
      if (lines.length > LAST_LINES) lines.shift()
    })
  }
  let end: string | undefined
  const ended = new Promise<void>((resolve) => {
    const over = (how: string) => {
      end = how
      if (pid !== undefined) running.delete(pid)
      resolve()
    }
    child.once('error', (error) => over(`could not be started (${error.message})`))
    child.once('exit', (code, signal) => over(signal ? `ended by ${signal}` : `ended with code ${code}`))
  })
  return {
    get end() {
      return end
    },
    ended,
    lines,
    signal(name) {
      if (pid !== undefined && end === undefined) child.kill(name)
    },
    async kill() {
      if (pid !== undefined && end === undefined) killTree(pid)
      await ended
    },
  }
}
