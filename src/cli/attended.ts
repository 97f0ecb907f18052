import { type DrainEvent, eventLine, type Order, type Standing } from '../deploy/attended.ts'
import { releaseOf, takingPart } from '../deploy/quiet/taking-part.ts'
import { openGate } from '../deploy/under-gate.ts'
import { during } from '../deploy/watch.ts'
import { newDeployId, type Surroundings } from '../gate/gate.ts'
import type { HeldParticipant } from '../gate/held.ts'
import type { Hold } from '../gate/hold.ts'
import type { Log } from '../log.ts'
import { DeployError } from '../outcome.ts'
import { atGate } from './at-gate.ts'
import { EXIT, UsageError } from './command.ts'
import type { AttendedRequest } from './drain-options.ts'
import { Orders } from './orders.ts'
import { stderrLog } from './print.ts'

/**
 * Drains, and leaves everybody held until standard input says how the release went. Tells on standard output how the drain stands.
 * @param readRequest what the command line says; what is wrong with it is told to the program that attends, too
 * @param interrupted aborts when this process is asked to end
 * @throws as a drain does
 */
export async function attend(readRequest: () => AttendedRequest, interrupted: AbortSignal): Promise<number> {
  // Nobody may be left at the other end, and everybody has to be given back all the same.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
  const teller = new Teller((line) => void process.stdout.write(`${line}\n`), stderrLog)
  using orders = new Orders(process.stdin, interrupted, teller.log)
  teller.tell({ event: 'started' })
  try {
    const request = readRequest()
    const around = { log: teller.log, signal: orders.signal, asks: true }
    await atGate(request.place, around, (gate, reading) => serve(request, gate, reading, orders, teller))
    return EXIT.done
  } catch (error) {
    if (error instanceof DeployError || error instanceof UsageError) teller.tell(failure(error))
    throw error
  } finally {
    teller.tell({ event: 'ended' })
  }
}

async function serve(
  { place, terms, asker, id = newDeployId(), replaces }: AttendedRequest,
  gate: Surroundings,
  reading: <R>(read: () => Promise<R>) => Promise<R>,
  orders: Orders,
  teller: Teller,
): Promise<void> {
  const there = await reading(() => takingPart(gate, place.gateName, asker, terms))
  const follow = (hold: Hold) => teller.follow(hold)
  await using hold = await openGate(gate, {
    ...{ id, terms, asker, follow },
    replaces: replaces ?? releaseOf(there),
  })
  orders.open()
  teller.tell({ event: 'open' })
  const { word, ...order } = await during(
    () => decision(orders),
    () => hold.concerns(),
    gate.log,
    gate.time,
  )
  if (word !== 'released') {
    const why = word === 'aborted' ? 'the release did not come about' : 'nobody attends this drain any more'
    gate.log.info(`${why}: the held go on`)
    return
  }
  await hold.release()
  gate.log.info(`${'release' in order ? order.release : ''} runs: the held stay quiet for their SIGTERM`)
  teller.tell({ event: 'released' })
  await seeSuccessors(hold, orders, teller)
}

/** What becomes of the held. */
async function decision(orders: Orders): Promise<Order> {
  for (;;) {
    const order = await orders.next()
    // Nothing is released yet whose clock could be seen.
    if (order.word !== 'successor') return order
  }
}

/** Waits for the new clock, whenever it is told to, up to the end of the conversation. */
async function seeSuccessors(hold: Hold, orders: Orders, teller: Teller): Promise<void> {
  for (let next = orders.next(); ; ) {
    const order = await next
    if (order.word === 'aborted' || order.word === 'end') return
    next = orders.next()
    // A new order ends what the one before waits for.
    const over = new AbortController()
    next.then(
      () => over.abort(),
      () => over.abort(),
    )
    if (order.word !== 'successor') continue
    try {
      const dynos = await hold.successor(order.waitMs, order.release, over.signal)
      teller.tell({ event: 'successor', dynos })
    } catch (error) {
      if (!over.signal.aborted) throw error
    }
  }
}

function failure(error: DeployError | UsageError): DrainEvent {
  if (error instanceof UsageError)
    return { event: 'failed', outcome: 'preflight-failed', message: error.message, next: USAGE_ADVICE }
  // A failure never has the outcome of a success.
  const outcome = error.outcome as ConstructorParameters<typeof DeployError>[0]
  return { event: 'failed', outcome, message: error.message, next: error.next }
}

const USAGE_ADVICE =
  "If the sentence names an input, correct it. If not, the deploy-gate in the app's slug is of another version than the Action: update the older one."

/** Tells the program that attends how the drain stands: with each event, and beside the log, what has become of whom. */
class Teller {
  readonly log: Log
  readonly #write: (line: string) => void
  readonly #told = new Map<string, string>()
  #hold: Hold | undefined

  constructor(write: (line: string) => void, log: Log) {
    this.#write = write
    const beside = (say: (line: string) => void) => (line: string) => {
      say(line)
      this.#participants()
    }
    this.log = { info: beside(log.info), warning: beside(log.warning) }
  }

  follow(hold: Hold): void {
    this.#hold = hold
    this.tell({ event: 'asked' })
  }

  tell(event: DrainEvent): void {
    this.#participants()
    const standing = this.#standing()
    this.#write(eventLine({ ...event, ...(standing && { standing }) }))
  }

  /** Those of whom there is news. */
  #participants(): void {
    for (const one of this.#hold?.participants ?? []) {
      const line = eventLine({ event: 'participant', participant: known(one) })
      if (this.#told.get(one.id) !== line) this.#write(line)
      this.#told.set(one.id, line)
    }
  }

  #standing(): Standing | undefined {
    if (this.#hold === undefined) return undefined
    const { elapsedMs, quietMs } = this.#hold
    return {
      elapsedMs: Math.round(elapsedMs),
      ...(quietMs !== undefined && { quietMs: Math.round(quietMs) }),
    }
  }
}

/** Of a participant what is told. */
function known({ id, dyno, type, state, seenMs, finished, stored, lost, ...rest }: HeldParticipant) {
  const { note } = rest
  const times = (['acceptedMs', 'drainedMs', 'resumedMs'] as const).flatMap((name) => {
    const ms = rest[name]
    return ms === undefined ? [] : [[name, Math.round(ms)]]
  })
  return {
    ...{ id, dyno, type, state, seenMs: Math.round(seenMs), finished, stored, lost },
    ...Object.fromEntries(times),
    ...(note !== undefined && { note }),
  } as HeldParticipant
}
