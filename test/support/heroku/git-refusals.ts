import type { ServerResponse } from 'node:http'

/** Heroku's answer to an account that asked its git server too often: 75 times an hour for one app. */
const TOO_MANY = `!	Too many requests for this Git repo. Please try again later.
`

/** Refusals of git's requests that a test arranges. */
export interface GitRefusals {
  /** Answers 429 to the next `count` requests: one push asks several times. */
  next(count: number, options?: { readonly retryAfterSec?: number }): void
  /** @returns whether it has answered */
  serve(response: ServerResponse): boolean
}

export function createGitRefusals(): GitRefusals {
  const arranged: { retryAfterSec: number | undefined }[] = []
  return {
    next(count, { retryAfterSec } = {}) {
      for (let added = 0; added < count; added++) arranged.push({ retryAfterSec })
    },
    serve(response) {
      const refusal = arranged.shift()
      if (!refusal) return false
      const { retryAfterSec } = refusal
      response.writeHead(429, {
        'Content-Type': 'text/plain',
        ...(retryAfterSec !== undefined && { 'Retry-After': String(retryAfterSec) }),
      })
      response.end(TOO_MANY)
      return true
    },
  }
}
