import type { AppEvent } from '../app.ts'
import type { Boot } from '../boot.ts'
import type { Deployer } from '../deployer.ts'

/** The moments of a deploy in which something can happen to it, in their order. */
export const MOMENTS = [
  'asking',
  'accepting',
  'draining',
  'committing',
  'pushing',
  'verifying',
  'finishing',
] as const
export type Moment = (typeof MOMENTS)[number]

/** What each moment is, for a reader. */
export const MEANINGS: Record<Moment, string> = {
  asking: 'Redis has the request, its answer is on the way',
  accepting: 'the clock has just heard of it and says so next',
  draining: 'a job still runs, and nothing new starts',
  committing: 'Redis has opened the gate, its answer is on the way',
  pushing: 'Heroku builds',
  verifying: 'git is done, the release phase runs',
  finishing: 'the release runs, the new clock boots, and Redis has been told',
}

/** What a story can be watched by. */
export interface Watched {
  readonly deployer: Deployer
  onLine(listener: (who: string, what: string) => void): void
  onApp(listener: (boot: Boot, event: AppEvent) => void): void
}

/** Answers of the server, as they pass to the deployer: to acquire, to commit, and to finish. */
const ANSWERS = {
  asking: /\$7\r\ngranted\r\n\$16\r\n/,
  committing: /\$7\r\ngranted\r\n:/,
  finishing: /\$8\r\nfinished\r\n/,
}

/** Calls `act` in the moment in which the watched deploy comes to `moment`: before anything else can happen. */
export function atMoment(moment: Moment, { deployer, onLine, onApp }: Watched, act: () => void): void {
  let isDue = true
  const once = () => {
    if (isDue) act()
    isDue = false
  }
  const line = (who: string, text: RegExp) =>
    onLine((by, what) => {
      if (by === who && text.test(what)) once()
    })
  switch (moment) {
    case 'accepting':
      onApp((_, event) => {
        if (event === 'quiet') once()
      })
      break
    case 'draining':
      line(deployer.name, /^clock\.1 accepted/)
      break
    case 'pushing':
      line('heroku', /^is half done/)
      break
    case 'verifying':
      line(deployer.name, /^begins: Release/)
      break
    default:
      deployer.party.proxy.before(ANSWERS[moment], once)
  }
}
