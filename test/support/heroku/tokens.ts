import { randomUUID } from 'node:crypto'

/** https://devcenter.heroku.com/articles/oauth#scopes */
export type Scope = 'identity' | 'read' | 'write' | 'read-protected' | 'write-protected' | 'global'

/** What a scope lets one do besides itself. The protected ones are about config vars too. */
const INCLUDED: Readonly<Record<Scope, readonly Scope[]>> = {
  identity: [],
  read: [],
  write: ['read'],
  'read-protected': ['read'],
  'write-protected': ['write', 'read', 'read-protected'],
  global: ['identity', 'read', 'write', 'read-protected', 'write-protected'],
}

/** Heroku's words to a token that lacks a scope. It does not say which. */
export const OUT_OF_SCOPE = 'The scope of this OAuth authorization does not allow access to this resource.'

export interface Tokens {
  /** @returns a new token of the one account there is */
  create(scopes: readonly Scope[]): string
  judge(token: string | undefined, needed: Scope): 'allowed' | 'out of scope' | 'unknown'
}

/** @param apiKey a token that may do everything */
export function createTokens(apiKey: string): Tokens {
  const scopesOf = new Map<string, readonly Scope[]>([[apiKey, ['global']]])
  return {
    create(scopes) {
      const token = `HRKU-${randomUUID()}`
      scopesOf.set(token, scopes)
      return token
    },
    judge(token, needed) {
      const scopes = scopesOf.get(token ?? '')
      if (!scopes) return 'unknown'
      const allowed = scopes.some((scope) => scope === needed || INCLUDED[scope].includes(needed))
      return allowed ? 'allowed' : 'out of scope'
    },
  }
}
