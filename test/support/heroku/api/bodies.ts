import type * as Heroku from '@heroku-cli/schema'
import type { LocalApp } from '../app.ts'
import type { Build } from '../builds.ts'
import { quantityOf } from '../dynos.ts'
import type { ShownRelease } from '../releases.ts'
import type { ShownDyno } from '../shown-dynos.ts'
import type { Slug } from '../slug.ts'

export const USER = { id: '01234567-89ab-cdef-0123-456789abcdef', email: 'ada@example.com' }
const STACK = { id: '69ef6867-5c0c-4d5e-9f4e-0d0d7a0d2424', name: 'heroku-24' }
/** The API tells seconds. */
export const time = (date: Date) => date.toISOString().replace(/\.\d+Z$/, 'Z')

export function appBody(app: LocalApp, gitUrl: string) {
  return {
    id: app.id,
    name: app.name,
    web_url: app.webUrl,
    git_url: `${gitUrl}/${app.name}.git`,
    stack: STACK,
    owner: USER,
    created_at: time(app.createdAt),
    updated_at: time(app.createdAt),
    released_at: time(app.releases.current?.createdAt ?? app.createdAt),
  } satisfies Heroku.App
}

export function formationBody(app: LocalApp) {
  const release = app.releases.current
  const at = time(release?.createdAt ?? app.createdAt)
  const types = Object.entries(release?.slug?.processTypes ?? {})
  return types.map(
    ([type, command]) =>
      ({
        id: `${app.id}-${type}`,
        app: { id: app.id, name: app.name },
        type,
        command,
        quantity: quantityOf(app.formation, type),
        size: 'Basic',
        created_at: at,
        updated_at: at,
      }) satisfies Heroku.Formation,
  )
}

export function dynoBody(app: LocalApp, { dyno, state }: ShownDyno) {
  const { id, name, type, command, version, startedAt } = dyno
  const { size = 'Basic', attachUrl = null } = 'size' in dyno ? dyno : {}
  return {
    id,
    app: { id: app.id, name: app.name },
    name,
    type,
    command,
    size,
    state,
    release: { id: app.releases.all[version - 1]?.id ?? '', version },
    attach_url: attachUrl,
    created_at: time(startedAt),
    updated_at: time(startedAt),
  } satisfies Heroku.Dyno
}

/** @param streamsUrl where the outputs of release phases are, before their secret */
export function releaseBody(app: LocalApp, { release, status, current }: ShownRelease, streamsUrl: string) {
  const { id, version, description, slug, createdAt, output } = release
  return {
    id,
    app: { id: app.id, name: app.name },
    version,
    status,
    current,
    description,
    slug: slug ? { id: slug.id } : null,
    output_stream_url: output ? streamsUrl + output.secret : null,
    addon_plan_names: [],
    user: USER,
    created_at: time(createdAt),
    updated_at: time(createdAt),
  } satisfies Heroku.Release
}

export function slugBody({ id, commit, processTypes, createdAt }: Slug) {
  return {
    id,
    commit,
    commit_description: null,
    process_types: processTypes,
    stack: STACK,
    created_at: time(createdAt),
    updated_at: time(createdAt),
  } satisfies Heroku.Slug
}

export function buildBody(app: LocalApp, { id, commit, status, slug, release, createdAt, updatedAt }: Build) {
  return {
    id,
    app: { id: app.id },
    status,
    // What Heroku calls the version of the source is, for a git push, its commit.
    source_blob: { version: commit },
    slug: slug ? { id: slug.id } : null,
    ...(release && { release: { id: release.id } }),
    stack: STACK.name,
    user: USER,
    // To the millisecond, so that two builds of one second are told apart by whoever sorts them.
    created_at: createdAt.toISOString(),
    updated_at: updatedAt.toISOString(),
  } satisfies Heroku.Build
}
