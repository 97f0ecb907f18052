#!/usr/bin/env node
import { oneLine } from '../one-line.ts'
import { DeployError } from '../outcome.ts'
import { type Command, EXIT, UsageError } from './command.ts'

/** What each command is for, and where it is: only the one that is asked for is loaded. */
const COMMANDS: Record<string, { readonly summary: string; load(): Promise<{ command: Command }> }> = {
  run: {
    summary: 'runs a program behind the gate, in any language',
    load: () => import('./run.ts'),
  },
  drain: {
    summary: 'has the processes drain, and runs a program while they are held',
    load: () => import('./drain.ts'),
  },
  resume: {
    summary: 'ends a drain that was left in force, and sees the processes go on',
    load: () => import('./resume.ts'),
  },
  status: {
    summary: 'shows who takes part, and the drain in force',
    load: () => import('./status.ts'),
  },
  conformance: {
    summary: 'tries whether a listener keeps the protocol',
    load: () => import('./conformance.ts'),
  },
}

const HELP = `Usage: deploy-gate <command> [options] [-- program arguments]

${Object.entries(COMMANDS)
  .map(([name, { summary }]) => `  ${name.padEnd(12)} ${summary}`)
  .join('\n')}

deploy-gate <command> --help says more. Exit codes: ${EXIT.done}, all went as asked; ${EXIT.nothingDone}, nothing was asked of anybody, because the command
line, the environment or the Redis can't be used; ${EXIT.refused}, it was asked, and the answer is no. A program that was run gives its own
code, or 128 and the number of the signal that ended it.
`

// Node would print an error with everything that hangs on it, and nobody knows what that is.
process.on('uncaughtException', (error: unknown) => {
  const told = error instanceof Error ? (error.stack ?? error.message) : String(error)
  console.error(
    `deploy-gate: ${told
      .split('\n')
      .map((line) => oneLine(line))
      .join('\n')}`,
  )
  process.exit(EXIT.nothingDone)
})
process.exitCode = await main(process.argv.slice(2))

async function main([name, ...args]: readonly string[]): Promise<number> {
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    ;(name === undefined ? process.stderr : process.stdout).write(HELP)
    return name === undefined ? EXIT.nothingDone : EXIT.done
  }
  const known = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (known === undefined) {
    const accepted = Object.keys(COMMANDS).join(', ')
    console.error(`deploy-gate: there is no command ${JSON.stringify(name)}. There are: ${accepted}.`)
    return EXIT.nothingDone
  }
  const { command } = await known.load()
  const own = args.includes('--') ? args.slice(0, args.indexOf('--')) : args
  if (own.includes('--help') || own.includes('-h')) {
    process.stdout.write(command.help)
    return EXIT.done
  }
  try {
    return await command.run(args)
  } catch (error) {
    if (error instanceof DeployError) {
      // They quote what participants say.
      console.error(
        [`deploy-gate ${name}: ${error.message}`, error.next].map((line) => oneLine(line)).join('\n'),
      )
      return error.outcome === 'preflight-failed' ? EXIT.nothingDone : EXIT.refused
    }
    if (!(error instanceof UsageError)) throw error
    console.error(`deploy-gate ${name}: ${oneLine(error.message)}\n${command.help.split('\n', 1)[0]}`)
    return EXIT.nothingDone
  }
}
