import { createConnection, type Socket } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import type { RedisOptions } from 'ioredis'
import { AbstractConnector } from 'ioredis'
import type { RedisAddress } from './address.ts'

/** Which certificates are accepted. Without TLS nothing of it applies. */
export interface Trust {
  /** whether the certificate must be signed by an authority for this host; Heroku's own are self-signed */
  readonly verify: boolean
  /** SHA-256 of the only accepted certificate: 64 lower-case hex digits. Checked before anything is sent */
  readonly pin?: string
  /** told the SHA-256 of each accepted certificate */
  onCertificate?(fingerprint: string): void
}

/** The server showed another certificate than the pinned one. */
export class PinError extends Error {
  override readonly name = 'PinError'
  readonly code = 'CERTIFICATE_PIN'
  readonly fingerprint: string
  constructor(fingerprint: string) {
    super(`the server's certificate has the SHA-256 fingerprint ${fingerprint}, which is not the pinned one`)
    this.fingerprint = fingerprint
  }
}

const CONNECT_TIMEOUT_MS = 10_000

/**
 * The class that ioredis makes its connections with. It hands a stream over only after the TLS handshake and the
 * pin were checked, because ioredis sends the password as its first words, and Node asks no `checkServerIdentity`
 * about a self-signed certificate.
 */
export function connectorFor(address: RedisAddress, trust: Trust): NonNullable<RedisOptions['Connector']> {
  return class GateConnector extends AbstractConnector {
    constructor() {
      super(2_000)
    }

    override connect(): Promise<Socket | TLSSocket> {
      this.connecting = true
      const { host, port, tls } = address
      const stream = tls
        ? connectTls({
            host,
            port,
            rejectUnauthorized: trust.verify,
            ...(/^[\d.:]+$/.test(host) ? {} : { servername: host }),
          })
        : createConnection({ host, port })
      this.stream = stream
      return new Promise((resolve) => {
        const fail = (error: Error) => {
          this.firstError = error
          stream.destroy()
          // A rejection would end the client for good; a destroyed stream makes it try again.
          resolve(stream)
        }
        const timer = setTimeout(
          () =>
            fail(
              Object.assign(new Error(`no connection within ${CONNECT_TIMEOUT_MS / 1_000} s`), {
                code: 'ETIMEDOUT',
              }),
            ),
          CONNECT_TIMEOUT_MS,
        )
        stream.once('error', fail)
        stream.once('close', () => {
          clearTimeout(timer)
          resolve(stream)
        })
        stream.once(tls ? 'secureConnect' : 'connect', () => {
          clearTimeout(timer)
          if ('getPeerCertificate' in stream) {
            const fingerprint = stream.getPeerCertificate().fingerprint256.replaceAll(':', '').toLowerCase()
            if (trust.pin !== undefined && trust.pin !== fingerprint) return fail(new PinError(fingerprint))
            trust.onCertificate?.(fingerprint)
          }
          stream.removeListener('error', fail)
          resolve(stream)
        })
      })
    }
  }
}
