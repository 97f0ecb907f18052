import type { GateKeys } from '../src/protocol/keys.ts'
import type { Row } from '../src/protocol/row.ts'
import { parseRow } from '../src/protocol/row.ts'
import type { Ledger } from './ledger.ts'
import type { OnCommand } from './monitor.ts'
import type { Moment } from './plan.ts'

/** One drain as the server has it; times are the server's own ms. */
export interface Drain {
  readonly id: string
  readonly epoch: string
  /** the process types it asks for */
  readonly types: Set<string>
  phase: string
  expiry: number
  committedAt?: number
  finishedAt?: number
  /** whether its record was deleted, or lost with the server's data */
  forgotten: boolean
  /** whom the server told of it, since they last went back to scheduling */
  readonly told: Set<string>
  /** whom it ever told */
  readonly everTold: Set<string>
  /** whom a server may have told that is gone: the last that it had executed may be lost with the connection that reads it */
  readonly perhapsTold: Set<string>
}

/** A row, and when the server took it. */
export type WitnessedRow = Row & { readonly at: number }

/** Reads in the server's own order of events what became of intents and rows, and says which rules that breaks. */
export class Witness {
  readonly #ledger: Ledger
  readonly #keys: GateKeys
  readonly drains = new Map<string, Drain>()
  /** the last row of each participant that the server took */
  readonly rows = new Map<string, WitnessedRow>()
  #current: Drain | undefined
  /** who was told of a drain for the first time by the call that the server executes now */
  #newlyTold: { readonly drain: Drain; readonly id: string } | undefined
  /** whether what the server knew of epochs may be gone: keys deleted while its clock was set back */
  amnesia = false

  readonly #moments = new Map<Moment, PromiseWithResolvers<void>>()

  /** @param keys of the gate of this history: what is written to others is another history's, whose server had this port before */
  constructor(ledger: Ledger, keys: GateKeys) {
    this.#keys = keys
    this.#ledger = ledger
  }

  /** Resolves when that has happened for the first time. */
  moment(name: Moment): Promise<void> {
    return this.#momentOf(name).promise
  }

  #momentOf(name: Moment): PromiseWithResolvers<void> {
    const known = this.#moments.get(name) ?? Promise.withResolvers<void>()
    this.#moments.set(name, known)
    return known
  }

  /** The server's data is not what it was: the fields of the intent that is there now, if there is one. */
  reread(fields: Readonly<Record<string, string>>): void {
    const there = this.drains.get(fields.epoch ?? '')
    if (this.#current && this.#current !== there) this.#current.forgotten = true
    this.#current = there
    if (!there) return
    there.phase = fields.phase ?? ''
    there.expiry = Number(fields.expiry)
    for (const id of this.rows.keys()) there.perhapsTold.add(id)
  }

  readonly take: OnCommand = (at, [name = '', key = '', ...args], byScript) => {
    const command = name.toUpperCase()
    if ((command === 'EVALSHA' || command === 'EVAL') && args.length > 1) this.#called(at, args)
    if (!byScript && command === 'DEL' && [key, ...args].includes(this.#keys.intent)) this.reread({})
    if (!byScript || command !== 'HSET') return
    if (key === this.#keys.roster) this.#row(at, args[0] ?? '', args[1] ?? '')
    else if (key === this.#keys.intent) this.#intent(at, args)
  }

  /** A participant's beat is answered with what is in force now. */
  #called(at: number, [, , roster = '', id = '']: string[]): void {
    if (roster !== this.#keys.roster || !id.includes('#')) return
    const drain = this.#current
    this.#newlyTold = undefined
    if (!drain || !inForce(drain, at) || drain.told.has(id)) return
    drain.told.add(id)
    drain.everTold.add(id)
    this.#newlyTold = { drain, id }
  }

  #row(at: number, id: string, text: string): void {
    const row = parseRow(id, text)
    if (!row) return
    const before = this.rows.get(id)
    this.rows.set(id, { ...row, at })
    const left = row.epoch === before?.epoch ? undefined : this.drains.get(before?.epoch ?? '')
    // It is over for this participant: it must be told again to answer again, as this beat does if the drain is in force.
    if (left && !(left === this.#current && inForce(left, at))) left.told.delete(id)
    if (row.epoch !== undefined && row.state === 'drained') this.#momentOf('drained').resolve()
    if (row.epoch === undefined || row.epoch === before?.epoch) return
    this.#momentOf('accepted').resolve()
    const drain = this.drains.get(row.epoch)
    // A beat that was stuck in a connection that is dead by now comes after those of the next one. A drain that is over it can't revive.
    if (drain?.everTold.has(id) && !inForce(drain, at)) return
    if (!drain) this.#ledger.broken('I8', id, `answers epoch ${row.epoch}, which nobody was granted`)
    else if (!drain.perhapsTold.has(id) && (!drain.told.has(id) || this.#isNewlyTold(drain, id)))
      this.#ledger.broken(
        'I2',
        id,
        `answers epoch ${row.epoch}, and was not told of it while it was in force`,
      )
  }

  /** Whether the call that the server executes now told it first: by then it has answered already. */
  #isNewlyTold(drain: Drain, id: string): boolean {
    return this.#newlyTold?.drain === drain && this.#newlyTold.id === id
  }

  #intent(at: number, pairs: readonly string[]): void {
    const field = (name: string) => {
      const index = pairs.indexOf(name)
      return index < 0 || index % 2 === 1 ? undefined : pairs[index + 1]
    }
    const [epoch, phase, expiry] = [field('epoch'), field('phase'), field('expiry')]
    if (epoch !== undefined) {
      this.#granted(at, field('id') ?? '', epoch, Number(expiry))
      return
    }
    const drain = this.#current
    if (!drain) return
    for (let index = 0; index < pairs.length; index += 2) {
      if (pairs[index]?.startsWith('type:')) drain.types.add(pairs[index]?.slice('type:'.length) ?? '')
    }
    if (expiry !== undefined && !inForce(drain, at))
      this.#ledger.broken('I3', drain.id, `its lease was extended though it is ${drain.phase}`)
    if (phase !== undefined) drain.phase = phase
    if (phase === 'pushing') {
      drain.committedAt = at
      this.#momentOf('committed').resolve()
    }
    if (expiry !== undefined) drain.expiry = Number(expiry)
    if (phase === 'released' || phase === 'aborted') {
      drain.finishedAt = at
      this.#momentOf(phase).resolve()
    }
  }

  #granted(at: number, id: string, epoch: string, expiry: number): void {
    const other = this.#current
    if (other && inForce(other, at))
      this.#ledger.broken(
        'I4',
        id,
        `was granted epoch ${epoch} while ${other.epoch} of ${other.id} is in force`,
      )
    const higher = [...this.drains.keys()].filter((known) => Number(known) >= Number(epoch))
    if (higher.length > 0 && !this.amnesia)
      this.#ledger.broken('I4', id, `was granted epoch ${epoch} after ${higher.join()}`)
    this.#current = {
      id,
      epoch,
      types: new Set(),
      phase: 'draining',
      expiry,
      forgotten: false,
      told: new Set(),
      everTold: new Set(),
      perhapsTold: new Set(),
    }
    this.drains.set(epoch, this.#current)
    this.#momentOf('asked').resolve()
    this.#ledger.write('redis', `epoch ${epoch} is granted to ${id}`)
  }
}

function inForce({ phase, expiry }: Drain, at: number): boolean {
  return (phase === 'draining' || phase === 'pushing') && expiry > at
}
