import type { ReplyReader } from './reply.ts'

/** Process types and how many participants of each at least. */
export type Asked = ReadonlyMap<string, number>

/** Who holds an epoch. */
export interface Owner {
  /** random and unique for each deploy */
  readonly id: string
  /** the fencing number: digits, never a number, it has more of them than some JSON writers keep */
  readonly epoch: string
}

/** Why an intent is not the caller's any more. */
export type LostReason = 'missing' | 'superseded' | 'finished' | 'lapsed' | 'set-back'
export interface Lost {
  readonly kind: 'lost'
  readonly why: LostReason
  /** the asker in force, as it described itself; empty if there is none */
  readonly asker: string
}

/** Reads the rest of a reply that begins with `kind`, which must be `lost`. */
export function lostReply(kind: string, reply: ReplyReader): Lost {
  if (kind !== 'lost') throw reply.unknown()
  const why = reply.text() as LostReason
  return { kind, why, asker: reply.more ? reply.text() : '' }
}
