import { expect, it } from 'vitest'
import { chartName, logLine, markdown } from '../../src/action/escape.ts'
import { parseProcesses } from '../../src/deploy/processes.ts'
import { parseDuration } from '../../src/duration.ts'
import { readAsker } from '../../src/gate/asker.ts'
import { plain, readSlugCommit } from '../../src/heroku/api-answers.ts'
import { classify } from '../../src/heroku/classify.ts'
import { troubleOf } from '../../src/heroku/git-trouble.ts'
import { inertJson } from '../../src/json.ts'
import { oneLine } from '../../src/one-line.ts'
import { createLineSplitter } from '../../src/process/lines.ts'
import { parseRow } from '../../src/protocol/row.ts'
import { parseRedisUrl } from '../../src/redis/address.ts'
import { Account } from '../../src/supervisor/account.ts'
import { nameOf } from '../../src/supervisor/settings.ts'
import { thrownBy } from './support.ts'

/** All that searches a text from outside. */
const READERS: Record<string, (text: string) => unknown> = {
  oneLine,
  'oneLine without an end': (text) => oneLine(text, Number.POSITIVE_INFINITY),
  logLine,
  markdown: (text) => markdown(text, 1e9),
  chartName,
  inertJson: (text) => inertJson(text, "'"),
  plain: (text) => plain(text, 1e9),
  readAsker,
  parseRow: (text) => parseRow('id', text),
  parseRedisUrl: (text) => parseRedisUrl(`redis://${text}`),
  parseDuration,
  parseProcesses,
  nameOf: (text) => nameOf(['/usr/bin/x', text]),
  slug: (text) => readSlugCommit({ commit: text }),
  trouble: (text) => troubleOf([text, `fatal: ${text}`]),
  verdict: (text) =>
    classify(
      { code: 1, stdout: [text, `!\tHEAD:refs/heads/main\t${text}`], stderr: [text, `remote: ! ${text}`] },
      { app: 'shop', branch: 'main', commit: 'a'.repeat(40), remoteUrl: 'https://git.heroku.com/shop.git' },
    ),
  lines: (text) => createLineSplitter(() => {}).write(Buffer.from(text)),
  account: (text) => new Account('deploy-gate: ', () => {}).write(Buffer.from(`deploy-gate: ${text}`)),
}

/** What backtracking would go wrong on: one thing again and again, and in the end something else. */
const REPEATED = [
  ...[
    'a',
    '0',
    ' ',
    '\t',
    '\n',
    ':',
    ';',
    '=',
    ',',
    '-',
    '.',
    '/',
    '!',
    '%',
    '@',
    '#',
    '[',
    '"',
    '\\',
    '\u001b',
    '\u009b',
  ],
  ...[
    '\u001b[',
    '\u001b]',
    '\u001b[;',
    '\u001b[0;',
    '\u001b]a;',
    ';a',
    '::',
    '##[',
    'www.',
    'repository ',
    'remote: !',
    'remote:  ',
    ' !',
  ],
  ...[
    'No such app',
    'SSL certificate ',
    'a:',
    ':\t',
    'a=',
    'a ',
    '\u200b',
    '\u00ad',
    '👍',
    '\ud83d',
    '{"a":',
    '[',
    '%41',
    'Deploy 0',
  ],
]
const ENDS = ['', 'x', '\u0000', '!']
const [SHORT, LONG] = [20_000, 160_000]

/** ms of this process's own time, the least of some tries: what others do on the machine does not count. */
function spent(work: () => unknown): number {
  let least = Number.POSITIVE_INFINITY
  for (let tries = 0; tries < 4; tries++) {
    const before = process.cpuUsage()
    thrownBy(work)
    const { user, system } = process.cpuUsage(before)
    least = Math.min(least, (user + system) / 1_000)
  }
  return least
}

it.each(Object.entries(READERS))(
  '%s works in proportion to the length of the text',
  { timeout: 120_000 },
  (_name, read) => {
    for (const piece of REPEATED) {
      for (const end of ENDS) {
        const text = (length: number) => piece.repeat(length / piece.length) + end
        const long = spent(() => read(text(LONG)))
        // Eight times the length is eight times the work, or 64 times if each place is compared with each. Below 20 ms it is neither.
        if (long < 20) continue
        const short = spent(() => read(text(SHORT)))
        expect(long / short, JSON.stringify(piece + end)).toBeLessThan(30)
      }
    }
  },
)
