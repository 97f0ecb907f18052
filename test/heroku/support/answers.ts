import type * as Heroku from '@heroku-cli/schema'
import type { Answer } from './api-server.ts'

/** Answers as Heroku's own schema has them. */
export const appAnswer = (name = 'shop') =>
  ({
    body: {
      id: '01234567-89ab-cdef-0123-456789abcdef',
      name,
      web_url: `https://${name}-1a2b3c4d5e6f.herokuapp.com/`,
      git_url: `https://git.heroku.com/${name}.git`,
    } satisfies Heroku.App,
  }) satisfies Answer

export interface ScriptedRelease {
  readonly version: number
  readonly status?: 'pending' | 'succeeded' | 'failed'
  readonly current?: boolean
  readonly description?: string
  /** the id of its slug: `slug-<version>` when not given, none when null */
  readonly slug?: string | null
  readonly outputStreamUrl?: string
}

const releaseBody = ({
  version,
  status = 'succeeded',
  current = false,
  description = 'Deploy',
  slug,
  outputStreamUrl,
}: ScriptedRelease) =>
  ({
    id: `release-${version}`,
    version,
    status,
    current,
    description,
    slug: slug === null ? null : { id: slug ?? `slug-${version}` },
    output_stream_url: outputStreamUrl ?? null,
  }) satisfies Heroku.Release

export const releaseAnswer = (release: ScriptedRelease, status = 200) =>
  ({ status, body: releaseBody(release) }) satisfies Answer

export const releasesAnswer = (...releases: readonly ScriptedRelease[]) =>
  ({ status: 206, body: releases.map(releaseBody) }) satisfies Answer

export const slugAnswer = (commit: string | null) =>
  ({
    body: { id: 'slug', commit, process_types: { clock: 'node clock.js' } } satisfies Heroku.Slug,
  }) satisfies Answer

export const buildAnswer = (
  id: string,
  status: 'pending' | 'succeeded' | 'failed',
  version: string | null = null,
) =>
  ({
    status: 206,
    body: [
      {
        id,
        status,
        created_at: '2026-01-02T03:04:05Z',
        updated_at: '2026-01-02T03:04:05Z',
        source_blob: { version },
        user: { email: 'ada@example.com' },
      } satisfies Heroku.Build,
    ],
  }) satisfies Answer

export const formationAnswer = (quantities: Readonly<Record<string, number>>) =>
  ({
    body: Object.entries(quantities).map(
      ([type, quantity]) => ({ id: type, type, quantity, command: `run ${type}` }) satisfies Heroku.Formation,
    ),
  }) satisfies Answer

export const dynoBody = (name: string, over: Partial<Heroku.Dyno> = {}) =>
  ({
    id: `id-${name}`,
    name,
    type: name.replace(/\..*/, ''),
    state: 'up',
    release: { id: 'release-42', version: 42 },
    attach_url: null,
    ...over,
  }) satisfies Heroku.Dyno

export const couplingAnswer = (pipeline: string, stage: 'staging' | 'production') =>
  ({
    body: {
      id: 'coupling',
      app: { id: 'app' },
      pipeline: { id: pipeline },
      stage,
    } satisfies Heroku.PipelineCoupling,
  }) satisfies Answer

export const promotionTargetsAnswer = (...targets: readonly Heroku.PipelinePromotionTarget[]) =>
  ({ body: targets }) satisfies Answer

/** Heroku's answer to a request that it refuses. */
export const refusalAnswer = (status: number, id: string, message: string) =>
  ({ status, body: { id, message } }) satisfies Answer
