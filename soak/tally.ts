import { FAULTS, type FaultKind } from './faults.ts'
import type { History } from './history.ts'

/** What many histories came to. */
export class Tally {
  readonly #faults = new Map<FaultKind, number>(FAULTS.map((kind) => [kind, 0]))
  readonly #outcomes = new Map<string, number>()
  histories = 0
  pushes = 0
  violations = 0

  add({ pushes, faults, violations, outcomes }: History): void {
    this.histories++
    this.pushes += pushes
    this.violations += violations.length
    for (const [kind, times] of faults) this.#faults.set(kind, (this.#faults.get(kind) ?? 0) + times)
    for (const outcome of outcomes) this.#outcomes.set(outcome, (this.#outcomes.get(outcome) ?? 0) + 1)
  }

  get faults(): Readonly<Record<FaultKind, number>> {
    return Object.fromEntries(this.#faults) as Record<FaultKind, number>
  }

  /** How the deploys ended, most frequent first. */
  get outcomes(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#outcomes].sort(([, a], [, b]) => b - a))
  }
}
