import type { TLSSocket } from 'node:tls'
import type { RunningCommand } from './process.ts'

/** How an attached dyno's session goes, other than well. */
export interface SessionBehaviour {
  /** The client waits for its `rendezvous` in vain, and the dyno is shown as starting. */
  readonly neverStarts?: boolean
  /** The connection breaks off when the output has held this text; with an empty one at once. */
  readonly breakAfter?: string
  /** The dyno goes on after the connection broke off, as one does that has not noticed yet. */
  readonly unnoticed?: boolean
}

/** End of transmission: how a client says that its input is over, as a terminal has it. */
const EOT = 4

/** One client's input and output of one dyno. */
export interface Session {
  /** Hands output on. */
  show(piece: Buffer): void
  /** Joins the client's input to the process, and ends the connection with it. */
  join(process: RunningCommand): void
}

/**
 * @param terminal output has the line ends of a terminal, as a dyno has it unless it is started with `force_no_tty`
 * @param onHangUp the client has gone before the dyno ended
 */
export function openSession(
  guest: TLSSocket,
  { breakAfter, unnoticed }: SessionBehaviour,
  terminal: boolean,
  onHangUp: () => void,
): Session {
  let shown = ''
  let broken = false
  const breakOff = () => {
    broken = true
    guest.destroy()
  }
  guest.write('rendezvous\r\n', () => breakAfter === '' && breakOff())

  return {
    show(piece) {
      if (broken || guest.destroyed) return
      const text = piece.toString('latin1')
      shown += text
      const last = breakAfter !== undefined && shown.includes(breakAfter)
      if (last) broken = true
      const bytes = Buffer.from(terminal ? text.replaceAll('\n', '\r\n') : text, 'latin1')
      guest.write(bytes, () => last && breakOff())
    },
    join(process) {
      let over = false
      guest.on('data', (piece: Buffer) => {
        const end = piece.indexOf(EOT)
        process.stdin?.write(end < 0 ? piece : piece.subarray(0, end))
        if (end >= 0) process.stdin?.end()
      })
      guest.on('close', () => {
        process.stdin?.end()
        if (!over && !(broken && unnoticed)) onHangUp()
      })
      process.ended.then(() => {
        over = true
        guest.end()
      })
    },
  }
}
