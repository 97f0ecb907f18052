import { gatePrefix } from '../../protocol/keys.ts'
import { type Lost, lostReply } from '../../protocol/owner.ts'
import { ReplyReader } from '../../protocol/reply.ts'
import { run, type ScriptHost, script } from '../../protocol/script.ts'
import askBody from './scripts/ask.lua'
import countBody from './scripts/count.lua'
import finishBody from './scripts/finish.lua'
import lookBody from './scripts/look.lua'
import prelude from './scripts/prelude.lua'
import renewBody from './scripts/renew.lua'
import withdrawBody from './scripts/withdraw.lua'

/** What a hand-written listener reads and writes, as its app has it. */
export interface ListTerms {
  /** the list that it pops requests from */
  readonly requestKey: string
  /** the list that it pushes its answer to */
  readonly responseKey: string
  /** what stops it */
  readonly message: string
  /** what starts it again; empty: nothing does */
  readonly resumeMessage: string
}

export type ListAsked =
  | {
      readonly kind: 'asked'
      readonly leftMs: number
      /** what earlier deploys had left in the lists, and was removed */
      readonly oldRequests: number
      readonly oldAnswers: number
      /** the deploy that may have left the clock stopped, as it described itself; empty if none has */
      readonly stoppedBy: string
    }
  | { readonly kind: 'late' }
  | { readonly kind: 'busy'; readonly asker: string; readonly leftMs: number }
  /** what stands at a key can't be meant; nothing was touched */
  | {
      readonly kind: 'unfit'
      readonly which: 'requests' | 'answers'
      readonly type: string
      readonly length: number
    }

/** What became of the requests. */
export interface ListView {
  readonly kind: 'seen'
  /** requests that are out, taken or not */
  readonly asked: number
  readonly taken: number
  readonly answered: number
  /** answers that came before the request they could have answered was taken */
  readonly early: number
  /** all answers in the order of the list; at most 100, each cut */
  readonly texts: readonly string[]
}

/** What an end has done. A second time, the same is said again. */
export interface ListEnding {
  readonly kind: 'finished' | 'already'
  /** requests that nobody had taken */
  readonly withdrawn: number
  readonly taken: number
  /** how many resume messages were put into the list */
  readonly told: number
}

const [askScript, countScript, finishScript, lookScript, renewScript, withdrawScript] = [
  own('ask', askBody),
  own('count', countBody),
  own('finish', finishBody),
  own('look', lookBody),
  own('renew', renewBody),
  own('withdraw', withdrawBody),
]

/** A list is no list of requests or answers if it has more elements: ask refuses to delete from it. */
export const MOST_ELEMENTS = 1_000

/**
 * One deploy's calls on the two lists, each atomic and with the effect of one however often it is executed: the client sends again
 * what went unanswered. A marker beside the lists says whose the requests in them are.
 */
export class Lists {
  readonly terms: ListTerms
  readonly #host: ScriptHost
  readonly #id: string
  readonly #marker: string

  constructor(host: ScriptHost, gateName: string, terms: ListTerms, id: string) {
    this.terms = terms
    this.#host = host
    this.#id = id
    this.#marker = `${gatePrefix(gateName)}:list`
  }

  get keys(): [marker: string, requests: string, answers: string] {
    return [this.#marker, this.terms.requestKey, this.terms.responseKey]
  }

  /**
   * Puts `count` requests into the list, unless another deploy has its own there.
   * @param notAfter server ms after which the call is void
   */
  async ask(request: {
    readonly leaseMs: number
    readonly notAfter: number
    readonly asker: string
    readonly count: number
  }): Promise<ListAsked> {
    const { leaseMs, notAfter, asker, count } = request
    const { message, resumeMessage } = this.terms
    const args = [this.#id, leaseMs, notAfter, asker, count, message, resumeMessage, MOST_ELEMENTS]
    const reply = await this.#run(askScript, this.keys, args)
    switch (reply.text()) {
      case 'asked':
        return {
          kind: 'asked',
          leftMs: reply.number(),
          oldRequests: reply.number(),
          oldAnswers: reply.number(),
          stoppedBy: reply.text(),
        }
      case 'late':
        return { kind: 'late' }
      case 'busy':
        return { kind: 'busy', asker: reply.text(), leftMs: reply.number() }
      case 'unfit':
        return {
          kind: 'unfit',
          which: reply.text() === 'requests' ? 'requests' : 'answers',
          type: reply.text(),
          length: reply.number(),
        }
      default:
        throw reply.unknown()
    }
  }

  async look(): Promise<ListView | Lost> {
    const reply = await this.#run(lookScript, this.keys, [this.#id, this.terms.message])
    const kind = reply.text()
    if (kind !== 'seen') return lostReply(kind, reply)
    return {
      kind,
      asked: reply.number(),
      taken: reply.number(),
      answered: reply.number(),
      early: reply.number(),
      texts: reply.list(),
    }
  }

  /** Extends the lease to `leaseMs` from now; never shortens it, never revives it. */
  async renew(leaseMs: number): Promise<{ readonly kind: 'renewed'; readonly leftMs: number } | Lost> {
    const [marker, requests] = this.keys
    const reply = await this.#run(
      renewScript,
      [marker, requests],
      [this.#id, Math.round(leaseMs), this.terms.message],
    )
    const kind = reply.text()
    return kind === 'renewed' ? { kind, leftMs: reply.number() } : lostReply(kind, reply)
  }

  /** Takes back what nobody has taken. `withdrawn` counts from the beginning, `asked` is what is left: all of it taken. */
  async withdraw(): Promise<{ kind: 'withdrawn'; withdrawn: number; asked: number } | Lost> {
    const [marker, requests] = this.keys
    const reply = await this.#run(withdrawScript, [marker, requests], [this.#id, this.terms.message])
    const kind = reply.text()
    if (kind !== 'withdrawn') return lostReply(kind, reply)
    return { kind, withdrawn: reply.number(), asked: reply.number() }
  }

  /** Takes back what nobody has taken; after an abort, puts a resume message for each taken request into the list, if there is one. */
  async finish(ending: 'released' | 'aborted'): Promise<ListEnding | { readonly kind: 'not-ours' }> {
    const { message, resumeMessage } = this.terms
    const reply = await this.#run(finishScript, this.keys, [this.#id, ending, message, resumeMessage])
    const kind = reply.text()
    if (kind === 'not-ours') return { kind }
    if (kind !== 'finished' && kind !== 'already') throw reply.unknown()
    return { kind, withdrawn: reply.number(), taken: reply.number(), told: reply.number() }
  }

  /** How many of `message` nobody has taken, whoever put them into the list. */
  async waiting(message: string): Promise<number> {
    const reply = await this.#run(countScript, [this.terms.requestKey], [message])
    if (reply.text() !== 'count') throw reply.unknown()
    return reply.number()
  }

  async #run(
    which: ReturnType<typeof script>,
    keys: readonly string[],
    args: readonly (string | number)[],
  ): Promise<ReplyReader> {
    return new ReplyReader(which.name, await run(this.#host, which, keys, args))
  }
}

function own(name: string, body: string) {
  return script(`list ${name}`, `${prelude}\n${body}`)
}
