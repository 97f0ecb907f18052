import { execFileSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A self-signed certificate for 127.0.0.1 and localhost, as files. */
export interface Certificate {
  readonly certificateFile: string
  readonly keyFile: string
  /** SHA-256 of the certificate: 64 lower-case hex digits */
  readonly fingerprint: string
}

/**
 * Makes a certificate in `folder`, valid for two days.
 * @throws Error when `openssl` is missing
 */
export function makeCertificate(folder: string): Certificate {
  const certificateFile = join(folder, 'certificate.pem')
  const keyFile = join(folder, 'key.pem')
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1']
  try {
    execFileSync(
      'openssl',
      ['req', '-x509', ...kind, ...subject, '-keyout', keyFile, '-out', certificateFile],
      { stdio: 'pipe' },
    )
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    throw new Error('A server with TLS needs a certificate, and `openssl` is not on the PATH: install it.')
  }
  const { fingerprint256 } = new X509Certificate(readFileSync(certificateFile))
  return { certificateFile, keyFile, fingerprint: fingerprint256.replaceAll(':', '').toLowerCase() }
}
