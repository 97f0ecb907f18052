import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { type Container, container } from '../process/container.ts'

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
  /** Ends the process and all that it has started, as the end of a dyno does, and all else behind its gate. */
  kill(): Promise<void>
}

/** Ended with this process. */
const running = new Set<Container>()
process.on('exit', () => {
  for (const dyno of running) dyno.signal('SIGKILL')
})

/** Starts the program with nothing but what a dyno has. */
export function boot(
  [program = '', ...args]: readonly string[],
  own: { readonly REDIS_URL: string; readonly DYNO: string; readonly DEPLOY_GATE_NAME: string },
): Boot {
  const { HEROKU_APP_NAME, HEROKU_RELEASE_VERSION, NO_GATE, ...env } = process.env
  let end: string | undefined
  const child = spawn(program, args, { env: { ...env, ...own }, stdio: ['ignore', 'pipe', 'pipe'] })
  // No other trial has a gate of that name, and the program is told of nothing else.
  const dyno = container(`DEPLOY_GATE_NAME=${own.DEPLOY_GATE_NAME}`, () =>
    end === undefined ? child.pid : undefined,
  )
  running.add(dyno)
  const lines: string[] = []
  for (const stream of [child.stdout, child.stderr]) {
    createInterface(stream).on('line', (line) => {
      lines.push(line)
      if (lines.length > LAST_LINES) lines.shift()
    })
  }
  const ended = new Promise<void>((resolve) => {
    const over = (how: string) => {
      end = how
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
      if (end === undefined) child.kill(name)
    },
    async kill() {
      // Also when it has ended by itself: on a dyno nothing outlives it.
      dyno.sweep()
      await ended
      running.delete(dyno)
    },
  }
}
