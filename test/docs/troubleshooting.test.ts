import { beforeAll, describe, expect, it } from 'vitest'
import { type Message, messagesOfTheStep } from './support/messages.ts'
import { read } from './support/pages.ts'
import { UNKNOWN } from './support/texts.ts'

const PAGE = 'docs/troubleshooting.md'

/** A message as the page has it. */
interface Entry {
  readonly pattern: string
  /** what the page says about it */
  readonly body: string
}

/** What is wrong with inputs comes from everywhere; any other entry that fits in many places fits by accident. */
const MOST_PLACES = 5

const entries = entriesOf(read(PAGE))
let messages: readonly Message[]

beforeAll(() => {
  messages = messagesOfTheStep()
}, 60_000)

it('finds what the step can say in its source, whatever way a sentence is made', () => {
  const told = messages.map(({ text }) => text.replaceAll(UNKNOWN, '«»'))
  expect(told).toEqual(
    expect.arrayContaining([
      // a template; a constant behind a branch; a table of functions; a member of an object; a callback; a caller's argument
      '«» did not accept the drain request within «». Nothing was pushed, and the clock is back at work.',
      'The input `heroku-api-key` is empty.',
      'Heroku has had too many git requests for «». Nothing was pushed. Git says: "«»"',
      'Redis could not be reached for so long that the drain ran out. Held participants resume by themselves.',
      '«» refused to drain: «». Nothing was pushed, and the clock is back at work.',
      'The push of «» succeeded, but its release «» failed. The release that was current before, «», is still running.',
      'heroku-app is missing. Expected the name of a Heroku app: 3 to 30 lower-case letters, digits and dashes, a letter first.',
      'The job was cancelled («»).',
    ]),
  )
})

it('has an entry for every message of the step', () => {
  const unknown = messages.filter(({ text }) => !entries.some((entry) => isFor(entry, text)))
  expect(unknown.map(({ at, text }) => `${at}: ${text.replaceAll(UNKNOWN, '«…»')}`)).toEqual([])
})

describe.each(entries)('$pattern', (entry) => {
  it('is said by the step, and explained', () => {
    const told = messages.filter(({ text }) => isFor(entry, text))
    expect(told).not.toEqual([])
    const places = new Set(told.map(({ at }) => at))
    expect(places.size).toBeLessThanOrEqual(entry.pattern.includes('Expected') ? places.size : MOST_PLACES)
    expect(entry.body.length).toBeGreaterThan(30)
    const outcomes = told.flatMap(({ text, outcome }) => (outcome && isBest(entry, text) ? outcome : []))
    expect(outcomes.filter((outcome) => !entry.body.includes(`\`${outcome}\``))).toEqual([])
  })
})

/** Headings of the third level, and what is quoted below them. */
function entriesOf(page: string): Entry[] {
  return page.split(/^(?=#{2,3} )/m).flatMap((section) => {
    const heading = /^### (.*)$/m.exec(section)?.[1]
    const quoted = [...section.matchAll(/^> - (.*)$/gm)].map(([, pattern = '']) => pattern)
    const body = section.replace(/^(#|>).*$/gm, '').trim()
    return [...(heading === undefined ? [] : [heading]), ...quoted].map((pattern) => ({ pattern, body }))
  })
}

/** A sentence that is added to others is for all of them; what is to be done says the entry of the other one. */
const isBest = (entry: Entry, text: string) =>
  entries.filter((one) => isFor(one, text)).every((one) => lettersOf(one) <= lettersOf(entry))

const lettersOf = ({ pattern }: Entry) => pattern.replace(/«[^»]*»|\P{L}/gu, '').length

/** With fewer letters of its own, an entry would be one for messages that nobody had in mind. */
const TELLING = 10

/** A message begins as its entry does. An example stands for a value, or for a choice of words with a value in it. */
function isFor(entry: Entry, text: string): boolean {
  const parts = withoutMarks(entry.pattern).split(/«[^»]*»/)
  const isTelling = lettersOf(entry) >= TELLING
  // What is only an example up to its end says nothing about the end.
  const isOpen = isTelling && parts.length > 1 && /^\P{L}*$/u.test(parts.at(-1) ?? '')
  const words = `[^${UNKNOWN}]{0,60}`
  const example = isTelling ? `${words}(?:${UNKNOWN}${words}){0,4}` : UNKNOWN
  const source = (isOpen ? [...parts.slice(0, -1), ''] : parts)
    .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    .join(example)
  return new RegExp(`^${source}${isTelling ? '' : '$'}`).test(withoutMarks(text).trimEnd())
}

/** Around commands and inputs stand backquotes, or none: nobody searches for them. */
const withoutMarks = (text: string) => text.replaceAll('`', '')
