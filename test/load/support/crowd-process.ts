// Many participants in one process, each with a connection of its own, as the library makes it. Started by crowd.ts.
import { type Entry, enter } from '../../../src/participant/join.ts'
import type { Ask, Tally } from './crowd.ts'

const [first, count, type] = [Number(process.env.FIRST), Number(process.env.COUNT), process.env.TYPE]

/** what each participant's app was told, in order: `drain`, `resume`, `leave` */
const calls: string[][] = []
const warnings: string[] = []
const entries: Entry[] = []
let free = 0

for (let at = 0; at < count; at++) {
  const told: string[] = []
  calls.push(told)
  const handlers = {
    drain: () => {
      told.push('drain')
      return { finished: 1 }
    },
    resume: () => void told.push('resume'),
    leave: () => void told.push('leave'),
  }
  const log = { info: () => {}, warning: (line: string) => void warnings.push(line) }
  entries.push(enter(handlers, { dyno: `${type}.${first + at}`, log }))
}

process.on('message', async (ask: Ask) => {
  if (ask === 'leave') await Promise.all(entries.map(({ participation }) => participation.leave()))
  process.send?.(tally())
  if (ask === 'leave') process.disconnect()
})

await Promise.all(
  entries.map(async ({ start }) => {
    await start()
    free++
  }),
)

function tally(): Tally {
  return {
    free,
    states: histogram(entries.map(({ participation }) => participation.state)),
    calls: histogram(calls.map(String)),
    warnings,
  }
}

function histogram(words: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const word of words) counts[word] = (counts[word] ?? 0) + 1
  return counts
}
