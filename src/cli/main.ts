#!/usr/bin/env node
import { type Command, UsageError } from './command.ts'

/** What each command is for, and where it is: only the one that is asked for is loaded. */
const COMMANDS: Record<string, { readonly summary: string; load(): Promise<{ command: Command }> }> = {}

const HELP = `Usage: deploy-gate <command> [options]

${Object.entries(COMMANDS)
  .map(([name, { summary }]) => `  ${name.padEnd(12)} ${summary}`)
  .join('\n')}

deploy-gate <command> --help says more. Exit codes: 0, all went as asked; 1, it did not, and the last line says why;
otherwise that of the program that was run.
`

process.exitCode = await main(process.argv.slice(2))

async function main([name, ...args]: readonly string[]): Promise<number> {
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    process.stdout.write(HELP)
    return name === undefined ? 1 : 0
  }
  const known = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (known === undefined) {
    const accepted = Object.keys(COMMANDS).join(', ')
    console.error(`deploy-gate: there is no command ${JSON.stringify(name)}. There are: ${accepted}.`)
    return 1
  }
  const { command } = await known.load()
  const asked = args.indexOf('--') < 0 ? args : args.slice(0, args.indexOf('--'))
  if (asked.includes('--help') || asked.includes('-h')) {
    process.stdout.write(command.help)
    return 0
  }
  try {
    return await command.run(args)
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    console.error(`deploy-gate ${name}: ${error.message}`)
    console.error(command.help.split('\n', 1)[0])
    return 1
  }
}
