import { createConnection, Socket } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import type { RedisOptions } from 'ioredis'
import { AbstractConnector } from 'ioredis'
import type { HostPort } from './address.ts'

/** Which certificates are accepted. Without TLS nothing of it applies. */
export interface Trust {
  /** whether the certificate must be signed by an authority for this host; Heroku's own are self-signed */
  readonly verify: boolean
  /** SHA-256 of each accepted certificate, 64 lower-case hex digits; no other one is. Checked before anything is sent */
  readonly pins?: readonly string[]
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
 * The class that ioredis makes its connections with. It has the server found before each of them, and hands a stream over only after the TLS handshake and the
 * pin were checked, because ioredis sends the password as its first words, and Node asks no `checkServerIdentity`
 * about a self-signed certificate.
 * @param find where the server is now
 */
export function connectorFor(
  find: (signal: AbortSignal) => Promise<HostPort>,
  tls: boolean,
  trust: Trust,
  timeoutMs = CONNECT_TIMEOUT_MS,
): NonNullable<RedisOptions['Connector']> {
  return class GateConnector extends AbstractConnector {
    #finding = new AbortController()

    constructor() {
      super(2_000)
    }

    override async connect(): Promise<Socket | TLSSocket> {
      this.connecting = true
      this.#finding = new AbortController()
      const { signal } = this.#finding
      try {
        const place = await find(signal)
        signal.throwIfAborted()
        return await this.#open(place)
      } catch (error) {
        this.firstError = error as Error
        // A rejection would end the client for good; a destroyed stream makes it try again.
        return new Socket().destroy()
      }
    }

    override disconnect(): void {
      this.#finding.abort()
      super.disconnect()
    }

    #open({ host, port }: HostPort): Promise<Socket | TLSSocket> {
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
          resolve(stream)
        }
        const timer = setTimeout(
          () =>
            fail(
              Object.assign(new Error(`no connection within ${timeoutMs / 1_000} s`), {
                code: 'ETIMEDOUT',
              }),
            ),
          timeoutMs,
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
            if (trust.pins && !trust.pins.includes(fingerprint)) return fail(new PinError(fingerprint))
            trust.onCertificate?.(fingerprint)
          }
          stream.removeListener('error', fail)
          resolve(stream)
        })
      })
    }
  }
}
