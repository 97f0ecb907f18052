import type { Work } from './app.ts'

/** Numbers that look random and are the same each time for the same seed (mulberry32). */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** In [0, 1). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000
  }

  /** A whole number, both ends included. */
  between(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1))
  }

  chance(probability: number): boolean {
    return this.next() < probability
  }

  pick<T>(from: readonly T[]): T {
    const one = from[this.between(0, from.length - 1)]
    if (one === undefined) throw new RangeError('there is nothing to pick from')
    return one
  }

  /** A stream of its own, so that what one part draws does not change what another part gets. */
  fork(): Random {
    return new Random(this.between(0, 0xffff_ffff))
  }
}

/** Jobs of all lengths, one after another and many at a time. */
export function randomWork(random: Random): Work {
  return () => ({ inMs: random.between(2_000, 12_000), lastsMs: random.between(500, 25_000) })
}
