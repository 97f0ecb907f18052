import type { UrlOrigin } from '../../../src/redis/origin.ts'

/** Where a test's URLs come from, in words that are easily told apart. */
export const ORIGIN: UrlOrigin = {
  name: 'the setting',
  pin: 'pin-option',
  wrongUrl: 'Correct the URL.',
  staleLogin: 'Fetch the URL anew.',
  unsignedCertificate: 'Trust it.',
  unreachable: 'Start the server.',
}
