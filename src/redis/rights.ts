import type { Redis } from 'ioredis'
import type { ServerAddress } from './address.ts'

/** A command that one side's scripts run, or that runs them. */
type Right = keyof typeof TRIALS

/** What a participant's user must be allowed. */
export const PARTICIPANT_RIGHTS: readonly Right[] = [
  'eval',
  'evalsha',
  'time',
  'hset',
  'hget',
  'hmget',
  'hgetall',
  'hexists',
  'hlen',
  'hdel',
  'publish',
]

/** What a deployer's user must be allowed. */
export const DEPLOYER_RIGHTS: readonly Right[] = [
  'eval',
  'evalsha',
  'time',
  'set',
  'get',
  'del',
  'hset',
  'hmget',
  'hgetall',
  'hdel',
  'publish',
]

/** A harmless call of each command. What is written is gone by the end, or in a second. */
const TRIALS = {
  eval: () => ['return 1', '0'],
  evalsha: () => ['0'.repeat(40), '0'],
  time: () => [],
  set: (text) => [text, '1', 'PX', '1000'],
  get: (text) => [text],
  del: (text) => [text],
  hset: (_, hash) => [hash, 'field', '1'],
  hget: (_, hash) => [hash, 'field'],
  hmget: (_, hash) => [hash, 'field'],
  hgetall: (_, hash) => [hash],
  hexists: (_, hash) => [hash, 'field'],
  hlen: (_, hash) => [hash],
  hdel: (_, hash) => [hash, 'field'],
  publish: (_text, _hash, channel) => [channel, 'look'],
} as const satisfies Record<string, (text: string, hash: string, channel: string) => readonly string[]>

/** Whether the URL names a user, whose rights may be fewer than all. */
export function isNamedUser({ username }: ServerAddress): boolean {
  return username !== undefined && username !== 'default'
}

/**
 * Tries, in one round trip and beside the gate's own keys, what the user may do. A refusal inside a script names no command, and comes
 * when the half of it is done.
 * @param channel one of the gate's, on which a message more does no harm
 * @returns what it lacks, as an ACL rule has it: `+hset`, `~deploy-gate:*`, `&deploy-gate:*`
 */
export async function missingRights(
  client: Redis,
  rights: readonly Right[],
  channel: string,
): Promise<string[]> {
  const [text, hash] = [`${channel}:trial`, `${channel}:trials`]
  const trials = rights.map((right) => [right, ...TRIALS[right](text, hash, channel)])
  const answers = (await client.pipeline(trials).exec()) ?? []
  const missing = rights.flatMap((right, at) => {
    const message = answers[at]?.[0]?.message ?? ''
    if (!message.startsWith('NOPERM')) return []
    if (/\bkeys?\b/.test(message)) return ['~deploy-gate:*']
    return /\bchannels?\b/.test(message) ? ['&deploy-gate:*'] : [`+${right}`]
  })
  return [...new Set(missing)]
}
