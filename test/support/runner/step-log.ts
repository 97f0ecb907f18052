import { parseCommand, type WorkflowCommand } from './workflow-command.ts'

/** What GitHub shows above the log and beside the lines of a file. */
export interface Annotation {
  readonly level: 'error' | 'warning' | 'notice'
  readonly title: string
  readonly message: string
  /** the other properties, such as `file` and `line` */
  readonly at: Readonly<Record<string, string>>
}

interface Waiting {
  readonly wanted: RegExp
  found(match: RegExpMatchArray): void
}

/** Reads a step's output as the runner does: obeys its commands, and masks from then on what it was told to mask. */
export class StepLog {
  readonly annotations: Annotation[] = []
  /** names of the commands that were obeyed, in their order */
  readonly obeyed: string[] = []
  readonly #raw: string[] = []
  readonly #shown: string[] = []
  readonly #masks = new Set<string>()
  readonly #waiting = new Set<Waiting>()
  #stopToken: string | undefined

  /** Everything that was written, with commands and secrets. */
  get raw(): string {
    return this.#raw.join('\n')
  }

  /** What a user sees: masked, commands as `##[group]…` and `##[error]…`, without debug lines. */
  get shown(): string {
    return this.#shown.join('\n')
  }

  read(line: string): void {
    this.#raw.push(line)
    if (this.#stopToken !== undefined) {
      if (line.trim() === `::${this.#stopToken}::`) this.#stopToken = undefined
      else this.#show(line)
      return
    }
    const command = parseCommand(line)
    if (command) this.#obey(command)
    else this.#show(line)
  }

  annotate(
    level: Annotation['level'],
    message: string,
    properties: ReadonlyMap<string, string> = new Map(),
  ): void {
    const { title = '', ...at } = Object.fromEntries(properties)
    this.annotations.push({ level, title: this.masked(title), message: this.masked(message), at })
    this.#show(`##[${level}]${message}`)
  }

  masked(text: string): string {
    // A mask that is part of another must not leave the rest of it.
    const longestFirst = [...this.#masks].sort((a, b) => b.length - a.length)
    return longestFirst.reduce((rest, mask) => rest.replaceAll(mask, '***'), text)
  }

  /** Resolves with the first shown line that matches, past or future; never, if there is none. */
  async line(wanted: RegExp, signal: AbortSignal): Promise<RegExpMatchArray> {
    for (const line of this.#shown) {
      const match = line.match(wanted)
      if (match) return match
    }
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {
        wanted,
        found: (match) => {
          this.#waiting.delete(waiting)
          resolve(match)
        },
      }
      this.#waiting.add(waiting)
      signal.addEventListener('abort', () => {
        this.#waiting.delete(waiting)
        reject(signal.reason)
      })
    })
  }

  #obey({ name, message, properties }: WorkflowCommand): void {
    this.obeyed.push(name)
    switch (name) {
      case 'add-mask':
        this.#mask(message)
        break
      case 'stop-commands':
        this.#stopToken = message
        break
      case 'group':
      case 'endgroup':
        this.#show(`##[${name}]${message}`)
        break
      case 'error':
      case 'warning':
      case 'notice':
        this.annotate(name, message, properties)
    }
  }

  #mask(secret: string): void {
    for (const line of secret.split(/\r?\n/)) if (line.trim() !== '') this.#masks.add(line)
  }

  #show(text: string): void {
    for (const line of this.masked(text).split('\n')) {
      this.#shown.push(line)
      for (const waiting of [...this.#waiting]) {
        const match = line.match(waiting.wanted)
        if (match) waiting.found(match)
      }
    }
  }
}

/** The raw lines that hold `secret`, but for those that ask the runner to mask it. Empty is how it should be. */
export function leaks(raw: string, secret: string): string[] {
  return raw.split('\n').filter((line) => line.includes(secret) && parseCommand(line)?.name !== 'add-mask')
}
