import { ApiError, type Asked, notKnown, requestOf } from './api-error.ts'

/**
 * What an error answer of Heroku says (https://devcenter.heroku.com/articles/platform-api-reference#error-responses): each is one bounded
 * line, empty when there is none.
 */
export interface Said {
  /** `forbidden`, `delinquent`, `verification_required`, … */
  readonly id: string
  readonly message: string
  /** what was not found: `app`, `release`, … */
  readonly resource: string
}

/** What happened, and what to do about it. */
type Advice = readonly [message: string, next: string]

const NEW_TOKEN =
  'Make a new one with `heroku authorizations:create --description "GitHub Actions"`, store it as a repository secret ' +
  '(Settings → Secrets and variables → Actions), and pass that secret as `heroku-api-key`.'

const BILLING =
  'Its owner settles that at https://dashboard.heroku.com/account/billing (for the app of a team, at the billing page of the team). ' +
  'Then run the job again.'

/** The tokens that are allowed each kind of call: https://devcenter.heroku.com/articles/oauth#scopes. */
const SCOPES = {
  read: 'read, write, read-protected, write-protected or global',
  'read-protected': 'read-protected, write-protected or global',
  write: 'write, write-protected or global',
  'write-protected': 'write-protected or global',
} as const

/** The error for an answer that is none of 2xx. */
export function refusal(status: number, said: Said, asked: Asked): ApiError {
  if (status >= 500 && asked.once) return notKnown(`answered ${status}`, asked, { status })
  const [message, next] = advice(status, said, asked)
  const words = said.message === '' || status === 404 ? '' : ` Heroku says: "${said.message}"`
  return new ApiError({ status, passing: status === 429 || status >= 500 }, message + words, next)
}

function advice(status: number, said: Said, asked: Asked): Advice {
  const answered = `${status} to ${requestOf(asked)}`
  if (status === 401) {
    return [
      `Heroku does not accept the token in \`heroku-api-key\` (${answered}): it is not valid, or it has expired or been revoked.`,
      NEW_TOKEN,
    ]
  }
  if (status === 402) {
    return [
      `Heroku refuses to ${asked.doing} (${answered}): the account that pays for it is behind with its payments, or has to confirm how ` +
        'it pays.',
      BILLING,
    ]
  }
  if (status === 403) return forbidden(said, asked, answered)
  if (status === 404) return notFound(said, asked, answered)
  if (status === 409) {
    return [
      `Heroku can't ${asked.doing} now (${answered}): something else that is under way stands against it.`,
      `See what that is (\`heroku releases --app ${asked.app}\`, and the app's Activity tab in Heroku's dashboard), and run the job again ` +
        'when it is done.',
    ]
  }
  if (status === 422 && /^verification_/.test(said.id)) {
    return [
      `Heroku refuses to ${asked.doing} (${answered}): the account that owns ${asked.app} has to be verified first.`,
      BILLING,
    ]
  }
  if (status === 422) {
    return [
      `Heroku refuses to ${asked.doing} as it was asked (${answered}).`,
      `Mend what Heroku names. \`heroku releases --app ${asked.app}\` and \`heroku ps --app ${asked.app}\` show how things stand.`,
    ]
  }
  if (status === 429) {
    return [
      `Heroku's API answers ${answered}: this account has used up its calls for now.`,
      'An account has 4,500 calls an hour, shared by all its tokens. Run the job again in some minutes, or give the deploy a ' +
        'token of an account of its own.',
    ]
  }
  if (status >= 500) {
    return [
      `Heroku's API answered ${answered}, also when asked again.`,
      'Look at https://status.heroku.com and run the job again when Heroku is well.',
    ]
  }
  return [
    `Heroku's API answered ${answered}.`,
    `Check \`heroku-app\` (${asked.app}) and, if it is set, the environment variable HEROKU_API_URL (${asked.apiUrl}).`,
  ]
}

/** Many reasons have the same status; Heroku's own words tell some of them apart. */
function forbidden({ id, message }: Said, { app, doing, scope }: Asked, answered: string): Advice {
  if (id === 'suspended') {
    return [
      `Heroku refuses to ${doing} (${answered}): the account that owns the token, or ${app} itself, is suspended.`,
      'Heroku has written to the owner why. If not, ask at https://help.heroku.com.',
    ]
  }
  if (id === 'two_factor') {
    return [
      `Heroku asks for a second factor to ${doing} (${answered}), which no workflow can give.`,
      `The token is one of a login in person. ${NEW_TOKEN}`,
    ]
  }
  if (/\bSSO\b|single sign-on|identity provider/i.test(`${id} ${message}`)) {
    return [
      `Heroku wants a token of somebody who signed in by single sign-on to ${doing} (${answered}).`,
      `Sign in by your company's single sign-on (\`heroku login\`) as the account that is to deploy. ${NEW_TOKEN}`,
    ]
  }
  if (/\bIP\b|allow-?list/i.test(`${id} ${message}`)) {
    return [
      `Heroku does not let the token in \`heroku-api-key\` ${doing} from the address of this runner (${answered}).`,
      "GitHub's own runners have changing addresses: run this job on a runner within the ranges that are allowed, or have an " +
        'administrator of the team allow those of the runner.',
    ]
  }
  return [
    `The token in \`heroku-api-key\` may not ${doing} (${answered}).`,
    `It needs the scope ${SCOPES[scope]}: \`heroku authorizations:create --scope write-protected\` makes a token that can do all of a deploy ` +
      '(`--scope read-protected` one for `dry-run: true`). Store it as the repository secret that is passed as `heroku-api-key`. The ' +
      `account that owns it needs access to ${app}: \`heroku access:add <email> --app ${app}\`; in a team, with the permissions ` +
      'view, deploy and operate.',
  ]
}

function notFound({ resource, message }: Said, { app, doing, path }: Asked, answered: string): Advice {
  const missing = resource || /\bfind that ([a-z -]{1,40})\./.exec(message)?.[1]
  if (missing === 'app' || /^\/apps\/[^/]+$/.test(path)) {
    return [
      `Heroku knows no app of the name ${app} that this token can see (${answered}).`,
      'Check the spelling of `heroku-app`, and that the account that owns the token has access to the app: ' +
        `\`heroku access:add <email> --app ${app}\`.`,
    ]
  }
  return [
    `Heroku could not ${doing} (${answered}): it knows no such ${missing ?? 'thing'}, or this token can't see it.`,
    `It may be gone by now. If it should be there, see that the account that owns the token has access to it (\`heroku access --app ${app}\`).`,
  ]
}
