import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer, type TLSSocket } from 'node:tls'
import { type Certificate, makeCertificate } from '../redis/certificate.ts'

/**
 * Where the input and output of an attached dyno meet its client: TLS, on which the client first writes the path of the
 * URL that it was given, and CR LF. What the Heroku CLI's `heroku run` speaks.
 */
export interface Rendezvous {
  /** A file with the certificate: who trusts it (NODE_EXTRA_CA_CERTS) trusts the server. */
  readonly caFile: string
  /**
   * Expects one client.
   * @param onGuest gets its connection once it has shown the secret; the rest is the dyno's
   * @returns `rendezvous://127.0.0.1:<port>/<secret>`
   */
  invite(onGuest: (guest: TLSSocket) => void): Promise<string>
  close(): Promise<void>
}

/** The first line holds a secret and nothing else. */
const LONGEST_LINE = 1_024

/** @param folder where the certificate goes. It is made, and the server started, when somebody asks for one of them. */
export function createRendezvous(folder: string): Rendezvous {
  const invited = new Map<string, (guest: TLSSocket) => void>()
  const guests = new Set<TLSSocket>()
  let certificate: Certificate | undefined
  let opened: ReturnType<typeof open> | undefined

  function certified(): Certificate {
    certificate ??= makeCertificate(folder)
    return certificate
  }

  async function open() {
    const { certificateFile, keyFile } = certified()
    const files = { cert: readFileSync(certificateFile), key: readFileSync(keyFile) }
    const server = createServer(files, welcome)
    await once(server.listen(0, '127.0.0.1'), 'listening')
    return server
  }

  function welcome(guest: TLSSocket): void {
    guests.add(guest)
    guest.on('error', () => {})
    guest.on('close', () => guests.delete(guest))
    let line = ''
    guest.on('data', function listen(piece: Buffer) {
      line += piece.toString('latin1')
      const end = line.indexOf('\r\n')
      if (end < 0) return void (line.length > LONGEST_LINE && guest.destroy())
      guest.off('data', listen)
      const secret = line.slice(0, end)
      const onGuest = invited.get(secret)
      if (!onGuest) return void guest.destroy()
      invited.delete(secret)
      const rest = line.slice(end + 2)
      if (rest) guest.unshift(Buffer.from(rest, 'latin1'))
      onGuest(guest)
    })
  }

  return {
    get caFile() {
      return certified().certificateFile
    },
    async invite(onGuest) {
      opened ??= open()
      const { port } = (await opened).address() as AddressInfo
      const secret = randomBytes(24).toString('hex')
      invited.set(secret, onGuest)
      return `rendezvous://127.0.0.1:${port}/${secret}`
    },
    async close() {
      const server = await opened
      if (!server) return
      const closed = once(server, 'close')
      server.close()
      for (const guest of guests) guest.destroy()
      await closed
    },
  }
}
