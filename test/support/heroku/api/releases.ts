import type { LocalApp } from '../app.ts'
import type { Release } from '../releases.ts'
import type { Slug } from '../slug.ts'
import { type Answer, created, notFound, ok, ranged } from './answer.ts'
import { releaseBody, slugBody } from './bodies.ts'
import { type Apps, type Body, type Endpoint, endpointsOf } from './endpoint.ts'

/**
 * Releases, and the slugs that are released.
 * @param streamsUrl where the outputs of release phases are, before their secret
 */
export function releaseEndpoints(apps: Apps, streamsUrl: () => string): Endpoint[] {
  const ofApp = endpointsOf(apps)
  return [
    ofApp('GET', '/releases', (app, { range }) => {
      const shown = app.releases.read().toReversed()
      return ranged(
        shown.map((release) => releaseBody(app, release, streamsUrl())),
        range,
      )
    }),
    ofApp('POST', '/releases', (app, { body }) => makeRelease(app, body, streamsUrl())),
    ofApp('GET', '/releases/:release', (app, { parameters }) => {
      const wanted = findRelease(app, parameters.release)
      const shown = app.releases.read().find(({ release }) => release === wanted)
      return shown ? ok(releaseBody(app, shown, streamsUrl())) : notFound('release')
    }),
    ofApp(
      'GET',
      '/releases/:release/config-vars',
      (app, { parameters }) => {
        const release = findRelease(app, parameters.release)
        return release ? ok(release.configVars) : notFound('release')
      },
      'read-protected',
    ),
    ofApp('GET', '/slugs/:slug', (app, { parameters }) => slugAnswer(slugsOf(app), parameters.slug)),
    {
      method: 'GET',
      path: '/slugs/:slug',
      answer: ({ parameters }) => slugAnswer([...apps.values()].flatMap(slugsOf), parameters.slug),
    },
  ]
}

/**
 * Of `{ slug }`, or of `{ release }` to roll back to it. With a release phase the answer is a pending release, and the
 * phase goes on.
 */
function makeRelease(
  app: LocalApp,
  { slug: id, release: back, description }: Body,
  streamsUrl: string,
): Answer {
  const former = back === undefined ? undefined : findRelease(app, back)
  if (back !== undefined && !former) return notFound('release')
  const slug = former ? former.slug : slugsOf(app).find((one) => one.id === id)
  if (!slug) return notFound('slug')
  const done = former ? `Rollback to v${former.version}` : `Deploy ${slug.commit.slice(0, 8)}`
  const said = typeof description === 'string' ? description : done
  if (former) restore(app, former)
  const { release, phase } = app.releaser.release(said, slug)
  phase?.(() => {})
  const current = app.releases.current === release
  return created(releaseBody(app, { release, status: release.status, current }, streamsUrl))
}

/** Heroku's rollback takes the config vars back too (https://devcenter.heroku.com/articles/releases#rollback); a release of an old slug does not. */
function restore({ configVars }: LocalApp, former: Release): void {
  configVars.clear()
  for (const [name, value] of Object.entries(former.configVars)) configVars.set(name, value)
}

/** By its id or its version, which is `2` or `v2`. */
function findRelease(app: LocalApp, identity: unknown): Release | undefined {
  const wanted = String(identity)
  return app.releases.all.find(({ id, version }) => [id, String(version), `v${version}`].includes(wanted))
}

/** Those that were built here, and those that were promoted to here. */
function slugsOf(app: LocalApp): Slug[] {
  return [...app.builds.all, ...app.releases.all].flatMap(({ slug }) => slug ?? [])
}

function slugAnswer(slugs: readonly Slug[], id: string | undefined): Answer {
  const slug = slugs.find((one) => one.id === id)
  return slug ? ok(slugBody(slug)) : notFound('slug')
}
