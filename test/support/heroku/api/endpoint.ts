import type { LocalApp } from '../app.ts'
import type { Scope } from '../tokens.ts'
import { type Answer, notFound } from './answer.ts'

export type Body = Readonly<Record<string, unknown>>

/** A request that was let in. */
export interface Asked {
  /** the parts of the path that the endpoint's path names: `app` of `/apps/:app` */
  readonly parameters: Readonly<Record<string, string>>
  /** the header; empty when there is none */
  readonly range: string
  /** empty when there is none */
  readonly body: Body
}

export interface Endpoint {
  readonly method: 'GET' | 'POST'
  /** `/apps/:app/releases/:release` */
  readonly path: string
  /** `read` for GET and `write` for POST unless told */
  readonly scope?: Scope
  answer(asked: Asked): Answer | Promise<Answer>
}

export type Apps = ReadonlyMap<string, LocalApp>

/** Every app has two identities: its name and its id. */
export const findApp = (apps: Apps, identity: unknown): LocalApp | undefined =>
  [...apps.values()].find(({ id, name }) => id === identity || name === identity)

/** Makes endpoints below `/apps/:app`, which answer 404 when there is no such app. */
export const endpointsOf =
  (apps: Apps) =>
  (
    method: Endpoint['method'],
    path: string,
    answer: (app: LocalApp, asked: Asked) => Answer | Promise<Answer>,
    scope?: Scope,
  ): Endpoint => ({
    method,
    ...(scope && { scope }),
    path: `/apps/:app${path}`,
    answer(asked) {
      const app = findApp(apps, asked.parameters.app)
      return app ? answer(app, asked) : notFound('app')
    },
  })

/** @returns the parameters when a path is of this pattern */
export function match(pattern: string, path: string): Record<string, string> | undefined {
  const wanted = pattern.split('/')
  const given = path.split('/')
  if (wanted.length !== given.length) return undefined
  const parameters: Record<string, string> = {}
  for (const [index, part] of wanted.entries()) {
    const text = given[index] ?? ''
    if (part.startsWith(':')) parameters[part.slice(1)] = text
    else if (part !== text) return undefined
  }
  return parameters
}
