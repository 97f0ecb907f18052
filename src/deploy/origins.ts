import type { UrlOrigin } from '../redis/origin.ts'

const SELF_SIGNED = "Heroku's Key-Value Store has a self-signed certificate"
const PIN = 'redis-tls-fingerprint'
const UNREACHABLE =
  'Check that the server is up and can be reached from this runner: a Redis in a Private Space or behind a firewall can not. If the clock does not matter now, skip-drain: true deploys without asking it.'

/** A URL that was given as the input `redis-url`. */
export const INPUT_ORIGIN: UrlOrigin = {
  name: 'redis-url',
  pin: PIN,
  wrongUrl: "Correct redis-url, or leave it out: the URL is read from the app's config vars then.",
  staleLogin:
    "Heroku changes the URL at maintenance and credential resets, so a copy in a secret goes stale: leave redis-url out, and it is read from the app's config vars at each deploy.",
  unsignedCertificate: `${SELF_SIGNED}: leave redis-url out, so that redis-tls: auto accepts it, or pin it with ${PIN}.`,
  unreachable: UNREACHABLE,
}

/** A URL that was read from the config var `variable` of `app`. */
export function configVarOrigin(variable: string, app: string): UrlOrigin {
  return {
    name: `config var ${variable} of ${app}`,
    pin: PIN,
    wrongUrl: `The add-on may have been replaced: heroku config --app ${app} lists what is there, and redis-config-var names another config var.`,
    staleLogin: `Heroku may be changing it just now, as it does at maintenance and credential resets: run the deploy again. If it repeats, ${variable} is not kept by an add-on of this app: heroku config --app ${app} lists what is there, and redis-config-var names another config var.`,
    unsignedCertificate: `${SELF_SIGNED}, which redis-tls: verify refuses: redis-tls: auto accepts it, and ${PIN} pins it.`,
    unreachable: UNREACHABLE,
  }
}
