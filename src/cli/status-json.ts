import { readAsker } from '../gate/asker.ts'
import { heldUntil } from '../gate/quiet.ts'
import { type Intent, isInForce, type View } from '../protocol/look.ts'
import type { Row } from '../protocol/row.ts'
import { isoTime } from './print.ts'
import { standingOf } from './status-table.ts'

/** The gate as `status --json` shows it: docs/cli.md lists the fields. Times are the server's. */
export function statusOf({ now, intent, rows }: View, gateName: string) {
  return {
    gate: gateName,
    at: isoTime(now),
    drain: intent && isInForce(intent, now) ? drainOf(intent) : null,
    participants: [...rows]
      .sort((a, b) => (a.id < b.id ? -1 : 1))
      .map((row) => participantOf(row, intent, now)),
  }
}

function drainOf({ phase, id, epoch, v, asker, replaces, began, committed, expiry, targets }: Intent) {
  return {
    phase,
    id,
    epoch,
    version: v,
    asker: readAsker(asker),
    replaces: replaces || undefined,
    since: isoTime(began),
    committed: isoTime(committed),
    leaseUntil: isoTime(expiry),
    targets: [...targets].sort(),
  }
}

function participantOf(row: Row, intent: Intent | undefined, now: number) {
  const { id, dyno, type, v, app, release, epoch, running, finished, stored, note, joined, seen } = row
  return {
    ...{ id, dyno, type, version: v, state: standingOf(row, now), app, release, epoch },
    ...{ running, finished, stored, note },
    joined: isoTime(joined),
    seen: isoTime(seen),
    heldUntil: isoTime(heldUntil(row, intent)),
  }
}

/** What of a status is news: not when it was read, nor that everybody was heard of again and every lease renewed. */
export function newsOf(status: ReturnType<typeof statusOf>): string {
  return JSON.stringify(status, (name, value) =>
    ['at', 'seen', 'leaseUntil', 'heldUntil'].includes(name) ? undefined : value,
  )
}
