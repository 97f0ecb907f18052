import type { Strategy } from '../heroku/plan.ts'
import { quote } from '../quote.ts'
import { APP_NAME, APP_NAME_RULE } from './app-name.ts'
import { DEFAULTS, type InputName } from './input-names.ts'
import type { InputReader } from './input-reader.ts'

/** What belongs to one strategy alone. */
const OWN: Readonly<Record<Strategy['kind'], readonly InputName[]>> = {
  'git-push': ['app-dir', 'force-push', 'drain-at'],
  promote: ['promote-from'],
  slug: ['slug'],
  command: ['command', 'command-file'],
}
const KINDS = ['git-push', 'promote', 'slug', 'command'] as const satisfies readonly Strategy['kind'][]
const COMMAND_RULE =
  'a JSON array of texts, the program first, such as ["heroku", "container:release", "clock"]'

/** Reads `strategy` and what belongs to it. */
export function readStrategy(read: InputReader): Strategy {
  const kind = read.oneOf('strategy', KINDS)
  // Of a misspelled strategy nothing follows.
  if (read.text('strategy') === kind) refuseOthers(read, kind)
  switch (kind) {
    case 'git-push':
      return { kind }
    case 'promote':
      return { kind, from: readSource(read) }
    case 'slug':
      return {
        kind,
        slug: read.matching(
          'slug',
          /^(|v[1-9]\d{0,8}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$/,
          "a release (v41), a slug's id, or nothing: the slug that was built from ref",
        ),
      }
    case 'command':
      return { kind, ...readCommand(read) }
  }
}

/** The runner hands over the defaults of inputs that nobody has set. */
function refuseOthers(read: InputReader, kind: Strategy['kind']): void {
  for (const other of KINDS.filter((one) => one !== kind)) {
    for (const name of OWN[other].filter((one) => read.text(one) !== DEFAULTS[one])) {
      read.problem(
        `${name} (${quote(read.text(name))})`,
        `means nothing under strategy: ${kind}. Leave it out, or say strategy: ${other}`,
      )
    }
  }
}

function readSource(read: InputReader): string {
  const rule = `${APP_NAME_RULE}: the one whose slug is promoted, such as shop-staging`
  const from = read.required('promote-from', APP_NAME, rule)
  if (from !== '' && from === read.text('heroku-app')) {
    read.problem(
      `promote-from (${from})`,
      'is heroku-app itself. Expected another app of its pipeline, from which it gets what it is to run',
    )
  }
  return from
}

function readCommand(read: InputReader): { program: string; args: readonly string[] } {
  const [text, file] = [read.text('command'), read.text('command-file')]
  if (text !== '' && file !== '') {
    read.problem('command-file', 'stands beside command. Give one of them')
  } else if (file !== '') {
    const script = read.matching(
      'command-file',
      /^(?!.*(^|\/)\.\.(\/|$))[^/\p{Cc}][^\p{Cc}]{0,250}$/u,
      'the path of a script in the checkout, such as script/release',
    )
    return { program: `./${script.replace(/^\.\//, '')}`, args: [] }
  } else if (text === '') {
    read.problem('command', `is missing. Expected ${COMMAND_RULE}; or command-file, a script of the checkout`)
  } else {
    const words = wordsOf(text)
    if (words !== undefined) return words
    read.wrong('command', COMMAND_RULE)
  }
  return { program: '', args: [] }
}

function wordsOf(text: string): { program: string; args: readonly string[] } | undefined {
  let words: unknown
  try {
    words = JSON.parse(text)
  } catch {
    return undefined
  }
  if (!Array.isArray(words)) return undefined
  const usable = words.every((word): word is string => typeof word === 'string' && !word.includes('\0'))
  const [program, ...args] = words as string[]
  return usable && program ? { program, args } : undefined
}
