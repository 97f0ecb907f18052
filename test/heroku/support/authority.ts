import { readFileSync } from 'node:fs'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { type Certificate, makeCertificate } from '../../support/redis/certificate.ts'
import { temporaryFolder } from './repository.ts'

/** A certificate for localhost that this process takes for one of a known authority, until told. */
export interface Authority {
  readonly certificate: Certificate
  trust(): void
  distrust(): void
  end(): Promise<void>
}

export function createAuthority(): Authority {
  const folder = temporaryFolder()
  const certificate = makeCertificate(folder.path)
  const known = getCACertificates('default')
  const trust = () => setDefaultCACertificates([...known, readFileSync(certificate.certificateFile, 'utf8')])
  const distrust = () => setDefaultCACertificates(known)
  trust()
  return {
    certificate,
    trust,
    distrust,
    async end() {
      distrust()
      await folder.remove()
    },
  }
}
