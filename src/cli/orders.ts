import { createInterface, type Interface } from 'node:readline'
import type { Readable } from 'node:stream'
import { type Order, readOrder } from '../deploy/attended.ts'
import type { Log } from '../log.ts'
import { DeployError } from '../outcome.ts'
import { quote } from '../quote.ts'

/**
 * What the program that attends a drain tells it, line by line. Where it gives the drain up before the gate is open, or in haste,
 * `signal` aborts.
 */
export class Orders implements Disposable {
  /** aborts, with a DeployError (`cancelled`) or the interruption as its reason */
  readonly signal: AbortSignal
  readonly #over = new AbortController()
  readonly #log: Log
  readonly #lines: Interface
  readonly #waiting: Order[] = []
  #taker: ((order: Order) => void) | undefined
  #isOpen = false
  #left = false

  constructor(input: Readable, interrupted: AbortSignal, log: Log) {
    this.signal = AbortSignal.any([interrupted, this.#over.signal])
    this.#log = log
    // A line that breaks off is one that ends.
    input.on('error', () => this.#ended())
    this.#lines = createInterface({ input })
      .on('line', (line) => this.#told(line))
      .on('close', () => this.#ended())
  }

  /** The next order. Rejects with the signal's reason when that aborts. */
  async next(): Promise<Order> {
    const { signal } = this
    signal.throwIfAborted()
    const first = this.#waiting.shift()
    if (first) return first
    const { promise, resolve, reject } = Promise.withResolvers<Order>()
    const abort = () => reject(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
    this.#taker = resolve
    return await promise.finally(() => signal.removeEventListener('abort', abort))
  }

  /** The gate is open: from now on there is something to be told. What was said before came too early. */
  open(): void {
    this.#isOpen = true
    for (const { word } of this.#waiting.splice(0)) this.#log.warning(`${word} came before the gate was open`)
  }

  /** Lets go of the input, so that this process can end. */
  [Symbol.dispose](): void {
    this.#left = true
    this.#lines.close()
  }

  #told(line: string): void {
    if (line.trim() === '') return
    const order = readOrder(line)
    if (order === undefined) this.#log.warning(`${quote(line)} is no order that this version knows`)
    else this.#take(order, 'The deploy was given up.')
  }

  #ended(): void {
    if (!this.#left) this.#take({ word: 'end' }, 'The line to the program that attends this drain broke off.')
  }

  /** @param why the drain is given up, should it be */
  #take(order: Order, why: string): void {
    const { word } = order
    const taker = this.#taker
    this.#taker = undefined
    if (word === 'cancelled') this.#abort('The deploy was cancelled.')
    else if (!this.#isOpen && (word === 'aborted' || word === 'end')) this.#abort(why)
    else if (taker) taker(order)
    else this.#waiting.push(order)
  }

  #abort(why: string): void {
    this.#over.abort(new DeployError('cancelled', why, 'Who was asked to drain goes on.'))
  }
}
