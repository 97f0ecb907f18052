import type * as Heroku from '@heroku-cli/schema'
import type { LocalApp } from './app.ts'
import { quantityOf } from './dynos.ts'
import type { ShownRelease } from './releases.ts'

/** The reading half of the Platform API that a deploy uses. @returns undefined for a path that it doesn't have */
export function answerOf(app: LocalApp, path: string): unknown {
  const [, , , what, id] = path.split('/')
  switch (what) {
    case undefined:
      return {
        id: app.id,
        name: app.name,
        web_url: `https://${app.name}.example.com/`,
        git_url: `https://git.heroku.com/${app.name}.git`,
      } satisfies Heroku.App
    case 'config-vars':
      return Object.fromEntries(app.configVars)
    case 'formation':
      return Object.entries(app.releases.current?.slug?.processTypes ?? {}).map(
        ([type, command]) =>
          ({ type, command, quantity: quantityOf(app.formation, type) }) satisfies Heroku.Formation,
      )
    case 'dynos':
      return app.dynos.running.map(
        ({ id, name, type, command, version, state }) =>
          ({
            id,
            name,
            type,
            command,
            state: state === 'crashed' ? 'crashed' : 'up',
            release: { id: String(version), version },
          }) satisfies Heroku.Dyno,
      )
    case 'builds':
      return []
    case 'releases': {
      const shown = app.releases.read().map(releaseOf)
      return id === undefined
        ? shown
        : shown.find((release) => release.id === id || `v${release.version}` === id)
    }
  }
  return undefined
}

export function slugOf(app: LocalApp, id: string): Heroku.Slug | undefined {
  const slug = app.releases.all.find((release) => release.slug?.id === id)?.slug
  return slug && { id, commit: slug.commit, process_types: { ...slug.processTypes } }
}

function releaseOf({ release, status, current }: ShownRelease) {
  const { id, version, description, slug } = release
  return {
    id,
    version,
    description,
    status,
    current,
    slug: slug ? { id: slug.id } : null,
    output_stream_url: null,
  } satisfies Heroku.Release
}
