import { enumerate } from '../enumerate.ts'
import { type Change, count, type ParticipantProgress } from './progress.ts'

/** So many changes of one kind at a time are a line each; more are one line together. */
const MOST_LINES = 10

/** What changed from one look to the next, as lines for a log that a person can still read when a thousand participants take part. */
export function linesOf(changes: readonly Change[]): string[] {
  const kinds = new Map<Change['kind'], Change[]>()
  for (const change of changes) {
    const alike = kinds.get(change.kind)
    if (alike) alike.push(change)
    else kinds.set(change.kind, [change])
  }
  return [...kinds].flatMap(([kind, alike]) =>
    alike.length > MOST_LINES ? together(kind, alike) : alike.map(({ line }) => line),
  )
}

function together(kind: Change['kind'], alike: readonly Change[]): string {
  const them = alike.map(({ of }) => of)
  const who = enumerate(them.map(({ dyno }) => dyno))
  const [finished, stored, lost] = [sum(them, 'finished'), sum(them, 'stored'), sum(them, 'lost')]
  const jobs = `${count(sum(them, 'running'), 'job')} running, ${finished} finished, ${stored} stored`
  const lostJobs = lost > 0 ? `; ${count(lost, 'job')} ran in them and ${lost === 1 ? 'is' : 'are'} lost` : ''
  switch (kind) {
    case 'asked':
      return `${who} are asked to drain`
    case 'foreign':
      return `${who} speak another version of the drain protocol than this deploy: they can't be asked`
    case 'accepted':
      return `${who} accepted: ${jobs}`
    case 'progress':
      return `${who}: ${jobs}`
    case 'drained':
      return `${who} are drained: ${finished} finished, ${stored} stored`
    case 'refused':
      return `${who} refuse to drain`
    case 'ended':
      return `${who} ended; waiting for Heroku to start them again`
    case 'resumed':
      return `${who} are scheduling again`
    case 'silent':
      return `${who} have not been heard of for some time${lostJobs}`
    case 'gone':
      return `${who} are gone from the roster${lostJobs}`
  }
}

function sum(
  them: readonly ParticipantProgress[],
  field: 'running' | 'finished' | 'stored' | 'lost',
): number {
  return them.reduce((total, one) => total + one[field], 0)
}
