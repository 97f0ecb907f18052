import { randomUUID } from 'node:crypto'
import type { EventLog } from './events.ts'
import type { Release, Status } from './releases.ts'
import type { Behaviour, Script } from './script.ts'
import type { Slug } from './slug.ts'

export interface BuildBehaviour extends Behaviour {
  /** what goes wrong, as it follows "Push rejected, ": `failed to compile Node.js app.` */
  readonly fail?: string
}

export interface Build {
  readonly id: string
  readonly commit: string
  readonly createdAt: Date
  updatedAt: Date
  status: Status
  /** absent until it has succeeded */
  slug?: Slug
  failure?: string
  release?: Release
}

/** A build of somebody else's that a test lets go on and end. */
export interface ForeignBuild {
  readonly id: string
  /** A success of this kind releases nothing. */
  end(status: 'succeeded' | 'failed'): void
}

export interface Builds {
  /** oldest first */
  readonly all: readonly Build[]
  /** As if somebody had started one, of a source that this repository need not have: it is pending until it is told to end. */
  startForeign(commit: string): ForeignBuild
  /**
   * Builds a commit and prints what Heroku would print, from "Building on the Heroku-24 stack" to "Compressing...".
   * Resolves with a build that has succeeded or failed.
   * @param objects where git finds those objects that are not in the repository yet
   */
  run(
    commit: string,
    objects: Readonly<Record<string, string>>,
    print: (line: string) => void,
  ): Promise<Build>
}

export function createBuilds(place: {
  readonly app: string
  readonly log: EventLog
  readonly script: Script<BuildBehaviour>
  makeSlug(commit: string, objects: Readonly<Record<string, string>>): Promise<Slug>
}): Builds {
  const { app, log, script } = place
  const all: Build[] = []

  function begin(commit: string): Build {
    const now = new Date()
    const build: Build = { id: randomUUID(), commit, createdAt: now, updatedAt: now, status: 'pending' }
    all.push(build)
    log.record({ app, kind: 'build-started', text: commit.slice(0, 8), commit })
    return build
  }

  function end(build: Build, status: Status): void {
    build.status = status
    build.updatedAt = new Date()
    const { commit, failure } = build
    const kind = status === 'failed' ? 'build-failed' : 'build-done'
    log.record({ app, kind, text: [commit.slice(0, 8), failure].filter(Boolean).join(' '), commit })
  }

  return {
    all,
    startForeign(commit) {
      const build = begin(commit)
      return { id: build.id, end: (status) => end(build, status) }
    },
    async run(commit, objects, print) {
      const build = begin(commit)
      print('-----> Building on the Heroku-24 stack')
      print('-----> Using buildpack: heroku/nodejs')
      print('-----> Node.js app detected')
      print('-----> Installing dependencies')
      try {
        const behaviour = await script.take()
        if (behaviour?.fail !== undefined) throw new Error(behaviour.fail)
        build.slug = await place.makeSlug(commit, objects)
      } catch (error) {
        build.failure = (error as Error).message
        print('-----> Build failed')
        end(build, 'failed')
        return build
      }
      print('-----> Build succeeded!')
      print('-----> Discovering process types')
      print(
        `       Procfile declares types -> ${Object.keys(build.slug.processTypes).join(', ') || '(none)'}`,
      )
      print('-----> Compressing...')
      print('       Done: 45.2M')
      end(build, 'succeeded')
      return build
    },
  }
}
