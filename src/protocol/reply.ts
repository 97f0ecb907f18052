/** A script answered something that this version does not know: another version's scripts, or not ours at all. */
export class ReplyError extends Error {
  override readonly name = 'ReplyError'
  constructor(script: string, reply: unknown) {
    super(
      `the ${script} script gave an answer that this version does not know: ${JSON.stringify(reply)?.slice(0, 200)}`,
    )
  }
}

/** Reads a script's flat reply from the left, checking each place. */
export class ReplyReader {
  readonly #script: string
  readonly #reply: readonly unknown[]
  #at = 0

  constructor(script: string, reply: unknown) {
    if (!Array.isArray(reply)) throw new ReplyError(script, reply)
    this.#script = script
    this.#reply = reply
  }

  text(): string {
    const value = this.#reply[this.#at++]
    if (typeof value !== 'string') throw this.unknown()
    return value
  }

  number(): number {
    const value = this.#reply[this.#at++]
    if (typeof value !== 'number') throw this.unknown()
    return value
  }

  /** A flat list inside the reply, as text. */
  list(): string[] {
    const value = this.#reply[this.#at++]
    if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) throw this.unknown()
    return value
  }

  get more(): boolean {
    return this.#at < this.#reply.length
  }

  unknown(): ReplyError {
    return new ReplyError(this.#script, this.#reply)
  }
}
