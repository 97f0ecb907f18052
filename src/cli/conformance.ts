import type { CaseResult } from '../conformance/conformance.ts'
import { systemTime } from '../time.ts'
import { type Command, EXIT, UsageError } from './command.ts'
import { readOptions } from './options.ts'

const HELP = `Usage: deploy-gate conformance [options] -- <program that starts a listener> [arguments]

Starts the program again and again against a real Redis, plays the deployer, and prints what it did right and what it did wrong. The
program learns all it needs from REDIS_URL, DYNO and DEPLOY_GATE_NAME. Takes about three minutes: some cases wait out what the protocol
makes a listener wait for. See docs/conformance.md.

  --json             one line of JSON instead of the table: level, and cases with name, level, passed, why
  --jobs N           how many cases at once, each with a process of its own; default 6
  --only TEXT        only the cases whose name contains it; may be given more than once
  --list             print the cases, and try nothing
  --existing-redis   try it on the Redis of REDIS_URL, where keys of gates named conformance-… are written, scripts are flushed and
                     MONITOR is called; by default a redis-server of its own is started, the one on the PATH or REDIS_SERVER

Levels: 1, it drains and resumes as it is told; 2, also when things go wrong; 3, with its scheduler's jobs. Exit codes: ${EXIT.done}, every case
passed; ${EXIT.refused}, some did not; ${EXIT.nothingDone}, nothing was tried.
`

const OPTIONS = {
  json: { type: 'boolean' },
  jobs: { type: 'string' },
  only: { type: 'string', multiple: true },
  list: { type: 'boolean' },
  'existing-redis': { type: 'boolean' },
} as const

export const command: Command = {
  help: HELP,
  async run(args) {
    const { values, program } = readOptions(args, OPTIONS)
    const { CASES, tryListener } = await import('../conformance/conformance.ts')
    if (values.list) {
      for (const { level, name } of CASES) console.log(`${level}  ${name}`)
      return EXIT.done
    }
    if (program === undefined) throw new UsageError('the program that starts a listener is missing after --.')
    const atOnce = Number(values.jobs ?? 6)
    if (!Number.isInteger(atOnce) || atOnce < 1 || atOnce > 100) {
      throw new UsageError(`--jobs is ${JSON.stringify(values.jobs)}. Expected a whole number from 1 to 100.`)
    }
    const only = values.only ?? []
    const cases = CASES.filter(({ name }) => only.length === 0 || only.some((text) => name.includes(text)))
    if (cases.length === 0) {
      throw new UsageError(
        `--only is ${JSON.stringify(only.join(', '))}, and no case is called so. There are: ${CASES.map(({ name }) => name).join('; ')}.`,
      )
    }
    await using backend = await openBackend(values['existing-redis'] ?? false)
    using stop = onSignal()
    const tell = progress(cases.length, values.json ?? false)
    let tried: Awaited<ReturnType<typeof tryListener>>
    try {
      const { signal } = stop
      tried = await tryListener(program, backend, { time: systemTime, signal, atOnce, cases, onResult: tell })
    } catch (error) {
      if (stop.signal.aborted) return stop.code
      throw error
    }
    if (values.json) {
      const cases = tried.cases.map(({ lines, ...result }) => result)
      console.log(JSON.stringify({ level: tried.level, cases }))
    } else {
      const { renderTable } = await import('../conformance/table.ts')
      console.log(renderTable(tried))
    }
    return tried.cases.every(({ passed }) => passed) ? EXIT.done : EXIT.refused
  },
}

async function openBackend(existing: boolean) {
  const { existingServer, startServer } = await import('../conformance/server.ts')
  if (!existing) return startServer(process.env.REDIS_SERVER || 'redis-server')
  const url = process.env.REDIS_URL
  if (!url) throw new UsageError('--existing-redis needs the variable REDIS_URL, and it is not set.')
  try {
    return existingServer(url)
  } catch (error) {
    throw new UsageError(`REDIS_URL can't be used: ${(error as Error).message}.`)
  }
}

/** Tells a person who waits how far it is, on a terminal. */
function progress(total: number, json: boolean): (result: CaseResult) => void {
  let [done, failed] = [0, 0]
  return ({ passed }) => {
    done++
    if (!passed) failed++
    if (json || !process.stderr.isTTY) return
    const end = done === total ? '\r\x1b[K' : ''
    process.stderr.write(`\r${done} of ${total} cases${failed > 0 ? `, ${failed} failed` : ''} ${end}`)
  }
}

/** A signal ends the trial, and all that was started with it. */
function onSignal() {
  const abort = new AbortController()
  const codes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const
  let code = 0
  const listener = (name: NodeJS.Signals) => {
    code = codes[name as keyof typeof codes]
    abort.abort(new Error(`ended by ${name}`))
  }
  for (const name of Object.keys(codes)) process.on(name, listener)
  return {
    signal: abort.signal,
    get code() {
      return code
    },
    [Symbol.dispose]() {
      for (const name of Object.keys(codes)) process.off(name, listener)
    },
  }
}
