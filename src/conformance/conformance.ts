import { randomUUID } from 'node:crypto'
import type { Time } from '../time.ts'
import type { Case, Level } from './case.ts'
import { boots } from './cases/boots.ts'
import { drains } from './cases/drains.ts'
import { endings } from './cases/endings.ts'
import { jobs } from './cases/jobs.ts'
import { outages } from './cases/outages.ts'
import { Misconduct } from './deployer.ts'
import { Recorder } from './recorder.ts'
import { Scene, type Stage } from './scene.ts'
import type { Backend } from './server.ts'

/** All that a listener must do, in the order of the table. */
export const CASES: readonly Case[] = [...drains, ...boots, ...endings, ...outages, ...jobs].sort(
  (a, b) => a.level - b.level,
)

export interface CaseResult {
  readonly name: string
  readonly level: Level
  readonly passed: boolean
  /** what it did otherwise; empty when it passed */
  readonly why: string
  /** the last lines that the program printed; empty when it passed */
  readonly lines: readonly string[]
}

export interface Conformance {
  /** the highest level of which, and of all below, every case passed; 0: none */
  readonly level: 0 | Level
  readonly cases: readonly CaseResult[]
}

/**
 * Plays the deployer for the listener that `command` starts, case by case, `atOnce` of them at the same time, each with a gate, a
 * process and a way to Redis of its own.
 * @param onResult told of each case as it ends
 * @throws the signal's reason when it aborts; everything that was started has ended then
 */
export async function tryListener(
  command: readonly string[],
  backend: Backend,
  {
    time,
    signal,
    atOnce,
    cases = CASES,
    onResult = () => {},
  }: {
    time: Time
    signal: AbortSignal
    atOnce: number
    cases?: readonly Case[]
    onResult?(result: CaseResult): void
  },
): Promise<Conformance> {
  const redis = await backend.connect()
  try {
    // Whoever is told NOSCRIPT must send the text.
    await redis.script('FLUSH')
    const recorder = await Recorder.start(redis)
    const stage: Stage = { command, backend, redis, recorder, time, signal }
    const results = new Map<Case, CaseResult>()
    const waiting = [...cases].sort((a, b) => Number(b.long ?? false) - Number(a.long ?? false))
    const work = async () => {
      for (let one = waiting.shift(); one; one = waiting.shift()) {
        const result = await play(one, stage)
        results.set(one, result)
        onResult(result)
      }
    }
    try {
      const ends = await Promise.allSettled(Array.from({ length: atOnce }, work))
      for (const end of ends) if (end.status === 'rejected') throw end.reason
    } finally {
      recorder.stop()
    }
    const all = cases.flatMap((one) => results.get(one) ?? [])
    return { level: levelOf(all), cases: all }
  } finally {
    redis.disconnect()
  }
}

async function play({ name, level, run }: Case, stage: Stage): Promise<CaseResult> {
  await using scene = await Scene.open(stage, `conformance-${randomUUID().slice(0, 8)}`)
  try {
    await run(scene)
    return { name, level, passed: true, why: '', lines: [] }
  } catch (error) {
    stage.signal.throwIfAborted()
    if (!(error instanceof Misconduct)) throw error
    return { name, level, passed: false, why: error.message, lines: scene.printed }
  }
}

function levelOf(results: readonly CaseResult[]): 0 | Level {
  const reached = ([1, 2, 3] as const).filter((level) =>
    results.every((result) => result.level > level || result.passed),
  )
  return reached.at(-1) ?? 0
}
