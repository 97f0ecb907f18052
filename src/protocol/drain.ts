import type { GateKeys } from './keys.ts'
import { type Asked, type Lost, lostReply, type Owner } from './owner.ts'
import { ReplyReader } from './reply.ts'
import { run, type ScriptHost, script } from './script.ts'
import acquireBody from './scripts/acquire.lua'
import finishBody from './scripts/finish.lua'
import forceBody from './scripts/force.lua'
import renewBody from './scripts/renew.lua'

const acquireScript = script('acquire', acquireBody)
const finishScript = script('finish', finishBody)
const forceScript = script('force', forceBody)
const renewScript = script('renew', renewBody)

export type Acquired =
  | { readonly kind: 'granted'; readonly epoch: string; readonly leftMs: number }
  | { readonly kind: 'done'; readonly phase: string }
  | { readonly kind: 'late' }
  | { readonly kind: 'version'; readonly theirs: string }
  | { readonly kind: 'busy'; readonly asker: string; readonly leftMs: number; readonly phase: string }

/** Puts a drain in force unless another is. Executed twice for one `id` it answers the same. */
export async function acquire(
  host: ScriptHost,
  keys: GateKeys,
  request: {
    readonly id: string
    readonly leaseMs: number
    /** server ms after which the request is void */
    readonly notAfter: number
    readonly asker: string
    /** the release that will be replaced, `v42`; empty when unknown */
    readonly replaces: string
    readonly asked: Asked
  },
): Promise<Acquired> {
  const { id, leaseMs, notAfter, asker, replaces, asked } = request
  const reply = new ReplyReader(
    'acquire',
    await run(
      host,
      acquireScript,
      [keys.intent, keys.epoch, keys.roster],
      [id, leaseMs, notAfter, asker, replaces, keys.doorbell, ...[...asked].flat()],
    ),
  )
  switch (reply.text()) {
    case 'granted':
      return { kind: 'granted', epoch: reply.text(), leftMs: reply.number() }
    case 'done':
      return { kind: 'done', phase: reply.text() }
    case 'late':
      return { kind: 'late' }
    case 'version':
      return { kind: 'version', theirs: reply.text() }
    case 'busy':
      return { kind: 'busy', asker: reply.text(), leftMs: reply.number(), phase: reply.text() }
    default:
      throw reply.unknown()
  }
}

/** Extends the lease to `leaseMs` from now; never shortens it, never revives it. */
export async function renew(
  host: ScriptHost,
  keys: GateKeys,
  { id, epoch }: Owner,
  leaseMs: number,
): Promise<{ readonly kind: 'renewed'; readonly leftMs: number } | Lost> {
  const reply = new ReplyReader('renew', await run(host, renewScript, [keys.intent], [id, epoch, leaseMs]))
  const kind = reply.text()
  if (kind === 'renewed') return { kind, leftMs: reply.number() }
  return lostReply(kind, reply)
}

/** Tells the participants to abort what runs, store it, and acknowledge. */
export async function force(
  host: ScriptHost,
  keys: GateKeys,
  { id, epoch }: Owner,
): Promise<{ kind: 'forced' } | Lost> {
  const reply = new ReplyReader(
    'force',
    await run(host, forceScript, [keys.intent], [id, epoch, keys.doorbell]),
  )
  const kind = reply.text()
  return kind === 'forced' ? { kind } : lostReply(kind, reply)
}

/** How a drain ends: the new release runs, or everybody goes back to scheduling. */
export type Ending = 'released' | 'aborted'

/**
 * Ends a drain. By anybody but its owner, or a second time, it changes nothing.
 * @param owner with an empty `epoch` when the owner died before it learned it
 */
export async function finish(
  host: ScriptHost,
  keys: GateKeys,
  { id, epoch }: Owner,
  ending: Ending,
): Promise<'finished' | 'already' | 'not-ours'> {
  const reply = new ReplyReader(
    'finish',
    await run(host, finishScript, [keys.intent], [id, epoch, ending, keys.doorbell]),
  )
  const kind = reply.text()
  if (kind === 'finished' || kind === 'already' || kind === 'not-ours') return kind
  throw reply.unknown()
}
