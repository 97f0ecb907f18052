import { DeployError } from '../outcome.ts'

/** What was asked, for messages: never the token, never an answer's values. */
export interface Asked {
  readonly app: string
  readonly apiUrl: string
  /** `/apps/shop/releases` */
  readonly path: string
}

/** The Platform API refused, or could not be asked. `preflight-failed` until the room that asked knows better. */
export class ApiError extends DeployError {
  /** the HTTP status; absent when there was no answer */
  readonly status: number | undefined
  /** it may well work a moment later: no answer, 429, 5xx */
  readonly passing: boolean

  constructor(fault: { status?: number; passing: boolean }, message: string, next: string, cause?: unknown) {
    super('preflight-failed', message, next, { cause })
    this.status = fault.status
    this.passing = fault.passing
  }
}

const NEW_TOKEN =
  'Make a new one with `heroku authorizations:create --description "GitHub Actions"`, store it as a repository secret ' +
  '(Settings → Secrets and variables → Actions), and pass that secret as `heroku-api-key`.'

/** The sentence and the advice for each status; `reason` is Heroku's own message, one bounded line or empty. */
export function refusal(status: number, reason: string, asked: Asked): ApiError {
  const said = reason === '' ? '' : ` Heroku says: "${reason}"`
  const request = `GET ${asked.path}`
  const fault = { status, passing: false }
  if (status === 401) {
    return new ApiError(
      fault,
      `Heroku does not accept the token in \`heroku-api-key\`: it is not valid, or it has expired or been revoked.${said}`,
      NEW_TOKEN,
    )
  }
  if (status === 403 && asked.path.endsWith('/config-vars')) {
    return new ApiError(
      fault,
      `The token in \`heroku-api-key\` may not read the config vars of ${asked.app}.${said}`,
      'Config vars need a token with the scope read-protected, write-protected or global: make one with ' +
        '`heroku authorizations:create --scope write-protected` and store it as the repository secret that is passed as ' +
        '`heroku-api-key`. The account that owns it must have the permission to view the app.',
    )
  }
  if (status === 403) {
    return new ApiError(
      fault,
      `The token in \`heroku-api-key\` has no permission for ${request}.${said}`,
      `The account that owns the token needs access to ${asked.app} (\`heroku access:add <email> --app ${asked.app}\`; in a ` +
        'team, the permissions view and deploy), and the token the scope write-protected or global ' +
        '(`heroku authorizations:create --scope write-protected`).',
    )
  }
  if (status === 404) {
    return new ApiError(
      fault,
      `Heroku knows no app of the name ${asked.app} that this token can see (404 to ${request}).`,
      'Check the spelling of `heroku-app`, and that the account that owns the token has access to the app: ' +
        `\`heroku access:add <email> --app ${asked.app}\`.`,
    )
  }
  if (status === 429) {
    return new ApiError(
      { status, passing: true },
      `Heroku's API answers 429 to ${request}: this account has used up its calls for now.${said}`,
      'An account has 4,500 calls an hour, shared by all its tokens. Run the job again in some minutes, or give the deploy a ' +
        'token of an account of its own.',
    )
  }
  if (status >= 500) {
    return new ApiError(
      { status, passing: true },
      `Heroku's API answered ${status} to ${request}, also when asked again.`,
      'Look at https://status.heroku.com and run the job again when Heroku is well.',
    )
  }
  return new ApiError(
    fault,
    `Heroku's API answered ${status} to ${request}.${said}`,
    `Check \`heroku-app\` (${asked.app}) and, if it is set, the environment variable HEROKU_API_URL (${asked.apiUrl}).`,
  )
}

/** There was no answer at all, or it broke off. */
export function unreachable(cause: unknown, asked: Asked): ApiError {
  return new ApiError(
    { passing: true },
    `Heroku's API at ${asked.apiUrl} could not be reached for GET ${asked.path}: ${reasonOf(cause)}.`,
    'Check that the runner can reach that address, and https://status.heroku.com. Behind a proxy, set HTTPS_PROXY and ' +
      'NODE_USE_ENV_PROXY=1 for the job.',
    cause,
  )
}

/** There was an answer, but not one of Heroku's. */
export function unreadable(what: string, asked: Asked): ApiError {
  return new ApiError(
    { passing: false },
    `The answer of ${asked.apiUrl} to GET ${asked.path} is not one of Heroku's API: ${what}.`,
    'Check that no proxy or portal answers in place of Heroku and, if it is set, the environment variable HEROKU_API_URL.',
  )
}

/** `fetch` says only "fetch failed"; what failed stands in the causes below. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'no answer'
  if (error.name === 'TimeLimitError') return 'no answer in time'
  if (error.cause instanceof Error) return reasonOf(error.cause)
  return error.message || ('code' in error ? String(error.code) : error.name)
}
