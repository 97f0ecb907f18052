import type { LocalApp } from '../app.ts'
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
    ofApp('GET', '/releases/:release', (app, { parameters: { release: id = '' } }) => {
      const shown = app.releases
        .read()
        .find(({ release }) => [release.id, String(release.version)].includes(id))
      return shown ? ok(releaseBody(app, shown, streamsUrl())) : notFound('release')
    }),
    ofApp('GET', '/slugs/:slug', (app, { parameters }) => slugAnswer(slugsOf(app), parameters.slug)),
    {
      method: 'GET',
      path: '/slugs/:slug',
      answer: ({ parameters }) => slugAnswer([...apps.values()].flatMap(slugsOf), parameters.slug),
    },
  ]
}

/** How a rollback is made too. With a release phase the answer is a pending release, and the phase goes on. */
function makeRelease(app: LocalApp, { slug: id, description }: Body, streamsUrl: string): Answer {
  const slug = slugsOf(app).find((one) => one.id === id)
  if (!slug) return notFound('slug')
  const said = typeof description === 'string' ? description : `Deploy ${slug.commit.slice(0, 8)}`
  const { release, phase } = app.releaser.release(said, slug)
  phase?.(() => {})
  const current = app.releases.current === release
  return created(releaseBody(app, { release, status: release.status, current }, streamsUrl))
}

/** Those that were built here, and those that were promoted to here. */
function slugsOf(app: LocalApp): Slug[] {
  return [...app.builds.all, ...app.releases.all].flatMap(({ slug }) => slug ?? [])
}

function slugAnswer(slugs: readonly Slug[], id: string | undefined): Answer {
  const slug = slugs.find((one) => one.id === id)
  return slug ? ok(slugBody(slug)) : notFound('slug')
}
