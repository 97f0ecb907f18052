import { ok, ranged } from './answer.ts'
import { appBody, buildBody, formationBody } from './bodies.ts'
import { type Apps, type Endpoint, endpointsOf } from './endpoint.ts'

/** What an app is, has set, has scaled and has built. */
export function appEndpoints(apps: Apps, gitUrl: string): Endpoint[] {
  const ofApp = endpointsOf(apps)
  return [
    ofApp('GET', '', (app) => ok(appBody(app, gitUrl))),
    ofApp('GET', '/config-vars', (app) => ok(Object.fromEntries(app.configVars)), 'read-protected'),
    ofApp('GET', '/formation', (app) => ok(formationBody(app))),
    ofApp('GET', '/builds', (app, { range }) =>
      ranged(
        app.builds.all.map((build) => buildBody(app, build)),
        range,
      ),
    ),
  ]
}
