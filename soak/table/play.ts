import { FAULTS, type Fault } from './fault.ts'
import type { Moment } from './moment.ts'
import { type Result, read } from './result.ts'
import { Scene } from './scene.ts'

/** Slower than random histories, and more at a time: a busy machine then changes nothing. */
export const SPEED = 10

/** Stories at a time: each is mostly waiting. */
export const JOBS = 40

/** One cell of the table: a fault at a moment, and what came of it. */
export interface Story {
  readonly fault: Fault
  readonly moment: Moment
  readonly result: Result
}

/** Lives through the story of `fault` at `moment`, `speed` times as fast as life. */
export async function play(fault: Fault, moment: Moment, speed: number): Promise<Story> {
  await using scene = await Scene.of(fault.setting ?? {}, speed)
  await scene.play(moment, fault)
  return { fault, moment, result: read(scene) }
}

/** All stories in the order of the table, `jobs` at a time. */
export async function playAll(
  jobs: number,
  speed: number,
  told: (story: Story) => void = () => {},
): Promise<Story[]> {
  const pairs = FAULTS.flatMap((fault) => fault.moments.map((moment) => ({ fault, moment })))
  const stories: Story[] = []
  const waiting = pairs.map((pair, index) => ({ ...pair, index }))
  const worker = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const story = await play(next.fault, next.moment, speed)
      stories[next.index] = story
      told(story)
    }
  }
  await Promise.all(Array.from({ length: jobs }, worker))
  return stories
}
