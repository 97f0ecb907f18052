import { createConnection, type Socket } from 'node:net'
import { createInterface } from 'node:readline'

/** What the server executes, with its own time in ms. */
export type OnCommand = (at: number, args: readonly string[], byScript: boolean) => void

/** Leaving its scope stops it. */
export interface Monitor extends Disposable {
  /** Resolves when the server is gone and all that it had sent was read: what it told others may stand there. */
  readonly ended: Promise<void>
}

/**
 * Everything that the server on `port` executes from now on, in its order. A socket of its own: a client that minds its replies
 * can lose count when the first lines come together with the confirmation.
 */
export async function monitor(port: number, onCommand: OnCommand): Promise<Monitor> {
  const socket: Socket = createConnection({ host: '127.0.0.1', port })
  const ended = new Promise<void>((resolve) => socket.on('close', () => resolve()))
  await new Promise<void>((resolve, reject) => {
    socket.on('error', reject)
    const lines = createInterface(socket)
    lines.on('error', reject)
    lines.on('line', (line) => {
      if (line === '+OK') return resolve()
      const [, seconds, source, args] = /^\+(\d+\.\d+) \[\d+ (\S+)\] (.*)$/.exec(line) ?? []
      if (args !== undefined) onCommand(Number(seconds) * 1_000, unquoted(args), source === 'lua')
    })
    socket.write('MONITOR\r\n')
  })
  return { ended, [Symbol.dispose]: () => socket.destroy() }
}

/** Arguments as MONITOR prints them; what is not printable stays escaped. */
function unquoted(printed: string): string[] {
  return [...printed.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, text = '']) =>
    text.replace(/\\(["\\])/g, '$1'),
  )
}
