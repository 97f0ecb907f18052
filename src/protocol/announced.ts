import type { GateKeys } from './keys.ts'
import { ReplyReader } from './reply.ts'
import { run, type ScriptHost, script } from './script.ts'
import exchangeBody from './scripts/exchange.lua'

const exchangeScript = script('exchange', exchangeBody)

/** What came of an exchange. */
export interface Exchanged {
  /** whether the text to put is what is there now */
  readonly done: boolean
  /** what was there before, empty for nothing */
  readonly current: string
}

/**
 * Puts the announcement `after` in the place of `before`, if that is what is there; either may be empty, for none.
 * Executed twice it answers the same, unless somebody changed it in between.
 * @param lifeMs after which it is forgotten
 */
export async function exchange(
  host: ScriptHost,
  keys: GateKeys,
  { before, after, lifeMs }: { readonly before: string; readonly after: string; readonly lifeMs: number },
): Promise<Exchanged> {
  const reply = new ReplyReader(
    'exchange',
    await run(host, exchangeScript, [keys.announced], [before, after, Math.round(lifeMs)]),
  )
  return { done: reply.number() === 1, current: reply.text() }
}

/** The announcement that is there, as it is written; empty for none. */
export async function readAnnounced(host: ScriptHost, keys: GateKeys): Promise<string> {
  return (await exchange(host, keys, { before: '', after: '', lifeMs: 1 })).current
}
