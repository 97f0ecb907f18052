import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

const root = join(import.meta.dirname, '../../..')

/** What a crowd's process is asked for. */
export type Ask = 'tally' | 'leave'

/** How participants stand. Of what they have in common, how many. */
export interface Tally {
  /** those that may schedule */
  readonly free: number
  readonly states: Readonly<Record<string, number>>
  /** what their apps were told since the boot, in order: `drain,resume` */
  readonly calls: Readonly<Record<string, number>>
  readonly warnings: readonly string[]
}

/** Participants of one process type, many of them in one process. */
export interface Crowd extends AsyncDisposable {
  readonly pid: number
  tally(): Promise<Tally>
  /** All of them end, as at SIGTERM. */
  leave(): Promise<Tally>
}

/** Ended with this process, also when a test run is broken off. */
const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** Boots `<type>.<first>` and so on. `env`: what the dynos know, as HEROKU_RELEASE_VERSION. */
export function bootCrowd(
  redisUrl: string,
  {
    type = 'clock',
    first = 1,
    count,
    env = {},
  }: { type?: string; first?: number; count: number; env?: Record<string, string> },
): Crowd {
  const child = fork(join(import.meta.dirname, 'crowd-process.ts'), {
    cwd: root,
    execArgv: ['--import', join(root, 'test/support/lua-text.mjs')],
    env: {
      PATH: process.env.PATH,
      REDIS_URL: redisUrl,
      TYPE: type,
      FIRST: String(first),
      COUNT: String(count),
      ...env,
    },
  })
  running.add(child)
  const ended = once(child, 'exit').then(() => running.delete(child))
  // One question at a time: the answers carry no name.
  let last: Promise<unknown> = Promise.resolve()
  const ask = (what: Ask): Promise<Tally> => {
    const answer = last.then(async () => {
      child.send(what)
      const [tally] = await Promise.race([
        once(child, 'message') as Promise<[Tally]>,
        ended.then(() => Promise.reject(new Error(`the process of ${count} ${type} participants has ended`))),
      ])
      return tally
    })
    last = answer.catch(() => {})
    return answer
  }
  return {
    pid: child.pid as number,
    tally: () => ask('tally'),
    async leave() {
      const tally = await ask('leave')
      await ended
      return tally
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await ended
    },
  }
}

/** The tallies of several crowds as one. */
export function together(tallies: readonly Tally[]): Tally {
  const sum = (pick: (tally: Tally) => Readonly<Record<string, number>>) => {
    const counts: Record<string, number> = {}
    for (const [word, count] of tallies.flatMap((tally) => Object.entries(pick(tally))))
      counts[word] = (counts[word] ?? 0) + count
    return counts
  }
  return {
    free: tallies.reduce((total, { free }) => total + free, 0),
    states: sum(({ states }) => states),
    calls: sum(({ calls }) => calls),
    warnings: tallies.flatMap(({ warnings }) => warnings),
  }
}
