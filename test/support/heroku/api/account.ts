import type * as Heroku from '@heroku-cli/schema'
import { ok } from './answer.ts'
import { USER } from './bodies.ts'
import type { Endpoint } from './endpoint.ts'

/** The one account there is: it owns every app, and makes every release. */
export const accountEndpoints: readonly Endpoint[] = [
  {
    method: 'GET',
    path: '/account',
    scope: 'identity',
    answer: () => ok({ ...USER, name: 'Ada', verified: true } satisfies Heroku.Account),
  },
]
