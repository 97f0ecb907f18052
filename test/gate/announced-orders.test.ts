import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import type { Surroundings } from '../../src/gate/gate.ts'
import { announced, RELEASE, ReleasePhase } from './support/release-phase.ts'
import { TERMS as ONE_CLOCK, openScene, type Scene } from './support/scene.ts'

vi.setConfig({ testTimeout: 300_000 })

let scene: Scene
beforeAll(async () => {
  scene = await openScene()
})
afterAll(() => scene[Symbol.asyncDispose]())

/** Lets two sides call the server in an order that is given beforehand; when one has ended, the other goes on alone. */
class Turns<Side extends string> {
  readonly #waiting = new Map<Side, () => void>()
  readonly #ended = new Set<Side>()
  #changed = Promise.withResolvers<void>()
  #playing = false

  /** The surroundings of `side`, whose calls wait for their turn. */
  of(side: Side, around: Surroundings): Surroundings {
    const turn = async <T>(call: () => Promise<T>): Promise<T> => {
      // What comes before the first turn is no part of it.
      if (!this.#playing) return await call()
      await new Promise<void>((go) => {
        this.#waiting.set(side, go)
        this.#changed.resolve()
      })
      return await call()
    }
    const { host } = around
    return {
      ...around,
      // A listener for each of them would be rung by all that follow.
      listen: async () => false,
      host: {
        evalsha: (...args) => turn(() => host.evalsha(...args)),
        eval: (...args) => host.eval(...args),
      },
    }
  }

  /** Does the work of a side. */
  async play<T>(side: Side, work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } finally {
      this.#ended.add(side)
      this.#changed.resolve()
    }
  }

  /** Gives one turn after the other, each when the side is at it. */
  async run(order: readonly Side[]): Promise<void> {
    this.#playing = true
    for (const side of order) {
      while (!this.#waiting.has(side) && !this.#ended.has(side)) await this.#change()
      const go = this.#waiting.get(side)
      this.#waiting.delete(side)
      go?.()
    }
    // Whoever is left.
    while (this.#ended.size < 2) {
      for (const [side, go] of this.#waiting) {
        this.#waiting.delete(side)
        go()
      }
      await this.#change()
    }
  }

  async #change(): Promise<void> {
    await this.#changed.promise
    this.#changed = Promise.withResolvers()
  }
}

/** More calls than a release phase makes from the first look to its end. */
const CALLS = 11

/** The orders in which a deploy that ends makes its first `calls` calls among those of the release phase. */
function* orders(calls: number, from = 0): Generator<number[]> {
  if (calls === 0) return yield []
  for (let at = from; at <= CALLS; at++) for (const rest of orders(calls - 1, at)) yield [at, ...rest]
}

/** Nobody need be there, so that nothing but these two decides how it ends. Nothing is done in the background. */
const TERMS = { ...ONE_CLOCK, asked: [{ type: 'clock', atLeast: 0, demanded: false }] }
const QUIET = { renewEveryMs: 3_600_000 }

it('a deploy that ends while its release phase asks leaves no drain in force that is nobody’s, whatever the order', async () => {
  const { redis, keys } = scene.other
  const ends = new Set<string>()
  for (const places of orders(5)) {
    await redis.del(keys.intent, keys.announced)
    const turns = new Turns<'deploy' | 'dyno'>()
    const through = (around: Surroundings) => turns.of('deploy', around)
    const announcing = await announced(scene, { terms: TERMS, numbers: QUIET, through })
    const phase = new ReleasePhase(scene, QUIET, RELEASE, (around) => turns.of('dyno', around))
    const order = Array.from({ length: CALLS + 1 }, (_, at) => [
      ...places.filter((place) => place === at).map(() => 'deploy' as const),
      'dyno' as const,
    ]).flat()
    const running = turns.run(order)
    const over = turns.play('deploy', () => announcing.announcement[Symbol.asyncDispose]())
    const took = turns.play('dyno', async () => {
      const taken = await phase.take()
      const ended = await phase.drain(TERMS).then(
        () => 'ended with 0',
        (error: Error & { outcome?: string }) => error.outcome ?? String(error),
      )
      return { taken, ended }
    })
    const { taken, ended } = await took
    await over
    await running
    const { phase: left, id, asker } = await redis.hgetall(keys.intent)
    const story = `${places}: ${taken ? 'taken' : 'not taken'}, ${ended}, ${left}`
    ends.add(`${taken ? 'taken' : 'not taken'}, ${ended}, ${left}`)
    expect(await redis.exists(keys.announced), story).toBe(0)
    if (taken) expect([left, id], story).not.toEqual(['pushing', announcing.id])
    if (taken && left !== undefined) expect(left, story).toBe('aborted')
    if (!taken) expect(JSON.parse(asker ?? '{}'), story).toMatchObject({ holds: true })
  }
  // All that can happen did: otherwise the orders were not what they are meant to be.
  expect([...ends].sort()).toEqual([
    'not taken, ended with 0, pushing',
    'taken, cancelled, aborted',
    'taken, ended with 0, aborted',
    'taken, lease-lost, aborted',
  ])
})
