import { createHash } from 'node:crypto'
import type { Redis } from 'ioredis'
import { beatScript } from '../protocol/beat.ts'
import { parseRow, type Row } from '../protocol/row.ts'

/** A listener's call of the beat script. */
export interface Call {
  readonly kind: 'call'
  readonly id: string
  /** ms until its next beat at the latest, as it says */
  readonly everyMs: number
  readonly first: boolean
  /** whether it is the script that the specification gives, whole and unchanged */
  readonly genuine: boolean
}

/** A row that the server took. */
export interface Said {
  readonly kind: 'row'
  readonly row: Row
}

/** The trial app's scheduler did something: `ticks`, `started`, `finished` or `stored`. */
export interface Count {
  readonly kind: 'count'
  readonly what: string
}

/** One thing that happened at a gate, at a time of the server's clock, ms. */
export type Happening = { readonly at: number } & (Call | Said | Count)

/** Writes down what happens at gates, in the order in which the server did it: nothing that a listener does there is missed. */
export class Recorder {
  readonly #monitor: Redis
  readonly #gates = new Map<string, (happening: Happening) => void>()

  private constructor(monitor: Redis) {
    this.#monitor = monitor
    monitor.on('monitor', (time: string, args: string[], source: string) => {
      const happening = read(Number(time) * 1_000, args.map(unprinted), source)
      if (happening) this.#gates.get(happening.gate)?.(happening.what)
    })
  }

  /** @throws Error when the server does not let its user watch */
  static async start(redis: Redis): Promise<Recorder> {
    return new Recorder(await redis.monitor())
  }

  /** Hands over all that happens at `gate` from now on, until the returned function is called. */
  watch(gate: string, on: (happening: Happening) => void): () => void {
    this.#gates.set(gate, on)
    return () => void this.#gates.delete(gate)
  }

  stop(): void {
    this.#monitor.disconnect()
  }
}

const KEY = /^deploy-gate:\{([^}]*)\}:(intent|roster|trial)$/

function read(
  at: number,
  [name = '', ...args]: string[],
  source: string,
): { gate: string; what: Happening } | undefined {
  const command = name.toUpperCase()
  if (command === 'EVALSHA' || command === 'EVAL') {
    const [script = '', keys, intent = '', , id, , everyMs, first] = args
    const gate = KEY.exec(intent)
    // The deployer's scripts have other keys, or fewer arguments.
    if (keys !== '2' || gate?.[2] !== 'intent' || !args[3]?.endsWith(':roster') || !id?.includes('#')) return
    const sha = command === 'EVALSHA' ? script : createHash('sha1').update(script).digest('hex')
    const genuine = sha.toLowerCase() === beatScript.sha
    return {
      gate: gate[1] ?? '',
      what: { at, kind: 'call', id, everyMs: Number(everyMs), first: first === '1', genuine },
    }
  }
  const [key = '', field = '', value = ''] = args
  const place = KEY.exec(key)
  const gate = place?.[1] ?? ''
  if (command === 'HSET' && place?.[2] === 'roster' && source === 'lua') {
    const row = parseRow(field, value)
    return row && { gate, what: { at, kind: 'row', row } }
  }
  if (command === 'HINCRBY' && place?.[2] === 'trial' && Number(value) > 0)
    return { gate, what: { at, kind: 'count', what: field } }
  return undefined
}

const NAMED: Record<string, number> = { n: 10, r: 13, t: 9, a: 7, b: 8 }

/** What MONITOR prints of an argument, less the quotes that the client has taken back already. */
function unprinted(printed: string): string {
  if (!printed.includes('\\')) return printed
  const bytes: number[] = []
  for (const [part, hex, one] of printed.matchAll(/\\x([0-9a-f]{2})|\\(.)|[^\\]+/gs)) {
    if (hex !== undefined) bytes.push(Number.parseInt(hex, 16))
    else if (one !== undefined) bytes.push(NAMED[one] ?? one.charCodeAt(0))
    else bytes.push(...Buffer.from(part))
  }
  return Buffer.from(bytes).toString('utf8')
}
