import { createHash } from 'node:crypto'
import prelude from './scripts/prelude.lua'

/** The two commands that scripts need of a Redis client, as ioredis has them. */
export interface ScriptHost {
  evalsha(sha: string, keyCount: number, ...args: (string | number)[]): Promise<unknown>
  eval(text: string, keyCount: number, ...args: (string | number)[]): Promise<unknown>
}

/** A script as the server knows it. */
export interface Script {
  readonly name: string
  readonly text: string
  /** SHA-1 of the text: the server's name for it */
  readonly sha: string
}

/** The script `name` made of the shared prelude and its own `body`. */
export function script(name: string, body: string): Script {
  const text = `${prelude}\n${body}`
  return { name, text, sha: createHash('sha1').update(text).digest('hex') }
}

/**
 * Runs `script` and returns its reply as the server sent it. Sends the text only to a server that has not seen it:
 * a restarted or failed-over one answers NOSCRIPT, and nothing was executed.
 */
export async function run(
  host: ScriptHost,
  { sha, text }: Script,
  keys: readonly string[],
  args: readonly (string | number)[],
): Promise<unknown> {
  try {
    return await host.evalsha(sha, keys.length, ...keys, ...args)
  } catch (error) {
    if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error
    return await host.eval(text, keys.length, ...keys, ...args)
  }
}
