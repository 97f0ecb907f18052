import type { Scene } from './scene.ts'

/** What a step of the Action came to, and what the app lived through. */
export interface Run {
  /** `steps.<id>.outcome` */
  readonly outcome: string
  /** `steps.<id>.outputs` */
  readonly outputs: Readonly<Record<string, string>>
  /** lines of world.ts, in their order */
  readonly events: readonly string[]
}

/** How the outcome is called when the clock is not to be had. */
const FAILURES = { refusing: 'refused', silent: 'not-acknowledged' } as const

/** What is otherwise than the scene wants it; nothing when all is well. */
export function complaints(scene: Scene, run: Run): string[] {
  return scene === 'working' ? ofSuccess(run) : ofFailure(FAILURES[scene], run)
}

function ofSuccess({ outcome, outputs, events }: Run): string[] {
  const drained: unknown = JSON.parse(outputs.drained || '[]')
  const [clock] = Array.isArray(drained) ? (drained as { dyno?: string; state?: string }[]) : []
  return [
    ...differs('the step', outcome, 'success'),
    ...differs('outcome', outputs.outcome, 'deployed'),
    ...differs('release', outputs.release, 'v2'),
    ...differs('jobs-finished', outputs['jobs-finished'], '1'),
    // By the end it may have had its SIGTERM.
    ...differs('drained', `${clock?.dyno} ${clock?.state}`.replace('exited', 'drained'), 'clock.1 drained'),
    ...inOrder(events, [
      'v1 clock.1: job 1 started',
      'v1 clock.1: draining',
      'v1 clock.1: job 1 finished',
      'push-received',
      'v2 succeeded',
      'v1 clock.1 SIGTERM',
      'v2 clock.1: scheduling',
    ]),
    ...never(events, /SIGKILL/),
  ]
}

function ofFailure(why: string, { outcome, outputs, events }: Run): string[] {
  return [
    ...differs('the step', outcome, 'failure'),
    ...differs('outcome', outputs.outcome, why),
    ...differs('release', outputs.release ?? '', ''),
    ...never(events, /^(push-received|v2 )|SIGTERM|SIGKILL/),
  ]
}

function differs(what: string, is: string | undefined, wanted: string): string[] {
  return is === wanted ? [] : [`${what} is "${is}" and not "${wanted}".`]
}

function never(events: readonly string[], unwanted: RegExp): string[] {
  return events.filter((line) => unwanted.test(line)).map((line) => `"${line}" should not have happened.`)
}

function inOrder(events: readonly string[], wanted: readonly string[]): string[] {
  let at = -1
  for (const line of wanted) {
    const next = events.indexOf(line, at + 1)
    if (next < 0) return [`"${line}" is missing, or came too early.`]
    at = next
  }
  return []
}
