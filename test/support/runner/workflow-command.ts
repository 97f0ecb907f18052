/** A line that the runner obeys instead of showing it. */
export interface WorkflowCommand {
  readonly name: string
  readonly properties: ReadonlyMap<string, string>
  readonly message: string
}

/** Commands that are lines of the log, in whatever case; the runner shows any other name as it is. */
const NAMES = [
  'add-mask',
  'group',
  'endgroup',
  'error',
  'warning',
  'notice',
  'debug',
  'stop-commands',
  'echo',
  // Old ones that it still knows, if only to refuse some.
  'set-output',
  'save-state',
  'set-env',
  'add-path',
  'add-matcher',
  'remove-matcher',
]

/** What .NET overlooks where it looks for a text, as the runner does for the beginning of a command. */
const OVERLOOKED = /[\p{Cf}\p{Default_Ignorable_Code_Point}]/gu

/**
 * Reads `::name key=value,key=value::message` at a line's beginning, and the old `##[name key=value;]message` anywhere in it
 * (https://github.com/actions/runner, ActionCommand.cs).
 */
export function parseCommand(line: string): WorkflowCommand | undefined {
  const seen = line.replace(OVERLOOKED, '')
  const now = /^[\s\u0085]*::([a-z-]+)(?: ([^:]*))?::(.*)$/i.exec(seen)
  const old = now ? null : /##\[([a-z-]+)(?: ([^\]]*))?\](.*)$/i.exec(seen)
  const [, given = '', properties = '', message = ''] = now ?? old ?? []
  const name = given.toLowerCase()
  if (!NAMES.includes(name)) return undefined
  const pairs = properties.split(now ? ',' : ';').flatMap((pair): [string, string][] => {
    const at = pair.indexOf('=')
    return at > 0 ? [[pair.slice(0, at).trim(), unescaped(pair.slice(at + 1))]] : []
  })
  return { name, properties: new Map(pairs), message: unescaped(message) }
}

const ESCAPES: Readonly<Record<string, string>> = {
  '%0D': '\r',
  '%0A': '\n',
  '%3A': ':',
  '%2C': ',',
  '%3B': ';',
  '%5D': ']',
  '%25': '%',
}

function unescaped(text: string): string {
  return text.replace(/%(?:0D|0A|3A|2C|3B|5D|25)/g, (code) => ESCAPES[code] ?? code)
}
