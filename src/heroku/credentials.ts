import { DeployError } from '../outcome.ts'

/** What an HTTP header can carry. A line break in a header would make the platform quote the token in its error. */
export const API_KEY_FORM = /^[\x21-\x7e]+$/

/** Heroku's git takes any user name; the API key is the password. */
const encoded = (apiKey: string) => Buffer.from(`heroku:${apiKey}`).toString('base64')

/** The whole header with which git identifies itself to Heroku. */
export function basicHeader(apiKey: string): string {
  return `Authorization: Basic ${encoded(apiKey)}`
}

/** Every text that gives the API key away: masks must cover all of them. */
export function secretsOf(apiKey: string): string[] {
  return [...new Set([apiKey, encoded(apiKey), encodeURIComponent(apiKey)])].filter((text) => text !== '')
}

/** Takes the API key, in every form, out of what somebody else says: a server may quote the header that it got. */
export function maskOf(apiKey: string): (text: string) => string {
  const secrets = secretsOf(apiKey)
  return (text) => secrets.reduce((masked, secret) => masked.replaceAll(secret, '***'), text)
}

/** @throws DeployError `preflight-failed` when no header could carry the key; the key is not quoted */
export function assertApiKey(apiKey: string): void {
  if (API_KEY_FORM.test(apiKey)) return
  throw new DeployError(
    'preflight-failed',
    apiKey === ''
      ? 'The input `heroku-api-key` is empty.'
      : 'The input `heroku-api-key` holds a space, a line break or another character that no Heroku token has.',
    'Store the token alone, without quotes or a trailing line, as a repository secret, and pass it as ' +
      '`heroku-api-key`. A new one is made by `heroku authorizations:create`.',
  )
}
