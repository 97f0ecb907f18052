import type { LocalApp } from '../app.ts'
import type { ShownDyno } from '../shown-dynos.ts'
import { type Answer, created, invalid, notFound, ok, refusal } from './answer.ts'
import { dynoBody } from './bodies.ts'
import { type Apps, type Body, type Endpoint, endpointsOf } from './endpoint.ts'

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
    // A command can print config vars.
    ofApp('POST', '/dynos', (app, { body }) => startOneOff(app, body), 'write-protected'),
    ofApp('POST', '/dynos/:dyno/actions/stop', (app, { parameters }) => {
      const shown = find(app, parameters.dyno)
      if (!shown) return notFound('dyno')
      // The dyno manager starts a dyno of the formation anew.
      if (!app.oneOffs.stop(shown.dyno.name)) app.dynos.restart(shown.dyno.name)
      return { status: 202, body: {} }
    }),
  ]
}

/** As Heroku's own limit: a day. */
const LONGEST_LIFE_SEC = 86_400

async function startOneOff(app: LocalApp, body: Body): Promise<Answer> {
  const { command, attach = false, env = {}, type = 'run', size = 'Basic', time_to_live: life } = body
  if (typeof command !== 'string' || command === '') return invalid('Require params: command.')
  if (typeof type !== 'string' || !/^[-\w]{1,128}$/.test(type)) return invalid('Invalid type.')
  if (typeof size !== 'string') return invalid('Invalid size.')
  if (life !== undefined && !isWhole(life)) return invalid('Invalid time_to_live.')
  const { current } = app.releases
  if (!current?.slug) return refusal(409, 'conflict', 'There is no release to run yet.')
  const dyno = await app.oneOffs.start({
    ...{ type, command, version: current.version, slug: current.slug, size, env: textsOf(env) },
    ...(life !== undefined && { timeToLiveSec: life }),
    attach: attach === true,
    terminal: body.force_no_tty !== true,
  })
  return created(dynoBody(app, { dyno, state: 'starting' }))
}

const isWhole = (value: unknown): value is number =>
  Number.isInteger(value) && Number(value) > 0 && Number(value) <= LONGEST_LIFE_SEC

/** Heroku takes numbers too, COLUMNS for example, and leaves out what is null. */
const textsOf = (env: unknown): Record<string, string> =>
  Object.fromEntries(
    Object.entries(Object(env)).flatMap(([name, value]) => (value == null ? [] : [[name, String(value)]])),
  )
