import { type ParseArgsOptionsConfig, parseArgs } from 'node:util'
import { UsageError } from './command.ts'

/** A command line, read: options by name, and the program after `--`, if there is one. */
export interface CommandLine<T> {
  readonly values: T
  /** program and arguments; absent without `--` */
  readonly program: readonly string[] | undefined
}

/**
 * Reads what stands after a command's name. All options stand before `--`; what comes behind it belongs to the program.
 * @throws UsageError
 */
export function readOptions<const T extends ParseArgsOptionsConfig>(
  args: readonly string[],
  options: T,
): CommandLine<ReturnType<typeof parseArgs<{ options: T }>>['values']> {
  const at = args.indexOf('--')
  const program = at < 0 ? undefined : args.slice(at + 1)
  if (program?.length === 0) throw new UsageError('there is no program after --.')
  try {
    const { values } = parseArgs({ args: at < 0 ? [...args] : args.slice(0, at), options, strict: true })
    return { values, program }
  } catch (error) {
    const [what = ''] = (error as Error).message.split('. To specify', 1)
    throw new UsageError(`${what.replace(/\.?$/, '.')} Options stand before --, the program behind it.`)
  }
}
