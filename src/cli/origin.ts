import type { UrlOrigin } from '../redis/origin.ts'

const ANEW =
  'On a dyno of the app it is set already (heroku run deploy-gate ...); elsewhere: export REDIS_URL="$(heroku config:get REDIS_URL --app <app>)".'

/** What to do without a `REDIS_URL`. */
export const MISSING_URL = `Set it to the URL that the app has. ${ANEW}`

/** A URL that came from the environment, where a dyno has it and a person puts it. */
export const ENVIRONMENT_ORIGIN: UrlOrigin = {
  name: 'REDIS_URL',
  pin: '--certificate-fingerprint',
  wrongUrl: `Set REDIS_URL to the URL that the app has. ${ANEW}`,
  staleLogin: `Heroku changes the URL at maintenance and credential resets, so a copy of it goes stale: set REDIS_URL anew. ${ANEW}`,
  unsignedCertificate:
    "Heroku's Key-Value Store has a self-signed certificate: leave --verify-certificate out, and pin the certificate with --certificate-fingerprint if you want to be sure.",
  unreachable:
    'Check that the server is up and can be reached from here: a Redis in a Private Space or behind a firewall can not. From a dyno of the app it can: heroku run deploy-gate ...',
}
