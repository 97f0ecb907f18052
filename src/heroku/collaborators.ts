import type { Log } from '../log.ts'
import type { Time } from '../time.ts'

/** Everything outside that this room works with. */
export interface Collaborators {
  readonly log: Log
  readonly time: Time
  /** Ends the work: every function here rejects with this signal's reason soon after it aborts. */
  readonly signal: AbortSignal
  /** What git's environment is picked from, where git itself is looked for, and the proxy's variables. */
  readonly env: NodeJS.ProcessEnv
  /** The Platform API is asked through this; see `http.ts` for what is when absent. */
  readonly fetch?: typeof globalThis.fetch
  /** Takes secrets out of what somebody else prints; absent: it holds none. */
  readonly hide?: (text: string) => string
  /** From 0 up to 1, for the jitter of retries; `Math.random` when absent. */
  readonly random?: () => number
}
