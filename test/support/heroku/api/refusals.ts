import type { ApiFailure } from './server.ts'

type Refusal = Pick<ApiFailure, 'status' | 'body' | 'headers'>

/** Answers of Heroku's own to what it does not do, for `nextApi` (https://devcenter.heroku.com/articles/platform-api-reference#error-responses). */
export const DYNO_LIMIT: Refusal = {
  status: 422,
  body: {
    id: 'cannot_run_above_limit',
    message: 'Cannot run more than 1 Basic size dynos.',
    limit: 1,
    size: 'Basic',
    url: 'https://devcenter.heroku.com/articles/dyno-size#default-scaling-limits',
  },
}

/** to a token of an account that has nothing to do with the app */
export const noAccess = (app: string): Refusal => ({
  status: 403,
  body: { id: 'forbidden', message: `You do not have access to the app ${app}.` },
})

export const UNPAID: Refusal = {
  status: 402,
  body: { id: 'delinquent', message: 'This action is not permitted because the account is delinquent.' },
}

export const RATE_LIMIT: Refusal = {
  status: 429,
  body: {
    id: 'rate_limit',
    message: 'Your account reached the API rate limit\nPlease wait a few minutes before making new requests',
    url: 'https://devcenter.heroku.com/articles/platform-api-reference#rate-limits',
  },
  headers: { 'RateLimit-Remaining': '0' },
}
