import type { LocalApp } from '../app.ts'
import type { ShownDyno } from '../shown-dynos.ts'
import { notFound, ok } from './answer.ts'
import { dynoBody } from './bodies.ts'
import { type Apps, type Endpoint, endpointsOf } from './endpoint.ts'

export function dynoEndpoints(apps: Apps): Endpoint[] {
  const ofApp = endpointsOf(apps)
  const find = (app: LocalApp, identity: string | undefined): ShownDyno | undefined =>
    app.shownDynos.read(({ dyno: { id, name } }) => id === identity || name === identity)[0]
  return [
    ofApp('GET', '/dynos', (app) => ok(app.shownDynos.read().map((shown) => dynoBody(app, shown)))),
    ofApp('GET', '/dynos/:dyno', (app, { parameters }) => {
      const shown = find(app, parameters.dyno)
      return shown ? ok(dynoBody(app, shown)) : notFound('dyno')
    }),
    ofApp('POST', '/dynos/:dyno/actions/stop', (app, { parameters }) => {
      const shown = find(app, parameters.dyno)
      if (!shown) return notFound('dyno')
      // The dyno manager starts a dyno of the formation anew.
      app.dynos.restart(shown.dyno.name)
      return { status: 202, body: {} }
    }),
  ]
}
