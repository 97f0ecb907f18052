import { randomUUID } from 'node:crypto'
import type { LocalApp } from './app.ts'
import type { Release } from './releases.ts'

export type Stage = 'development' | 'review' | 'staging' | 'production'

export interface Coupling {
  readonly id: string
  readonly app: LocalApp
  readonly stage: Stage
}

export interface Pipeline {
  readonly id: string
  readonly name: string
  readonly createdAt: Date
  readonly couplings: readonly Coupling[]
}

export interface Target {
  readonly id: string
  readonly app: LocalApp
  readonly release: Release
}

export interface Promotion {
  readonly id: string
  readonly pipeline: Pipeline
  readonly source: { readonly app: LocalApp; readonly release: Release }
  readonly targets: readonly Target[]
  readonly createdAt: Date
}

/** What a promotion can't be made of; the API answers 422 with the message. */
export class PromotionError extends Error {}

/** Pipelines of apps, and what was promoted in them (https://devcenter.heroku.com/articles/pipelines). */
export interface Pipelines {
  readonly all: readonly Pipeline[]
  readonly promotions: readonly Promotion[]
  /** @throws Error when an app is in a pipeline already: it can be in one alone */
  create(name: string, stages: Readonly<Partial<Record<Stage, readonly LocalApp[]>>>): Pipeline
  couplingOf(app: LocalApp): { readonly pipeline: Pipeline; readonly coupling: Coupling } | undefined
  /**
   * Releases what runs at the source in each target, without a build. Release phases go on after this has returned.
   * @throws PromotionError
   */
  promote(pipeline: Pipeline, source: LocalApp, targets: readonly LocalApp[]): Promotion
}

export function createPipelines(): Pipelines {
  const all: Pipeline[] = []
  const promotions: Promotion[] = []

  function couplingOf(app: LocalApp) {
    const couplings = all.flatMap((pipeline) =>
      pipeline.couplings.map((coupling) => ({ pipeline, coupling })),
    )
    return couplings.find(({ coupling }) => coupling.app === app)
  }

  return {
    ...{ all, promotions, couplingOf },
    create(name, stages) {
      const couplings = Object.entries(stages).flatMap(([stage, apps]) =>
        apps.map((app) => ({ id: randomUUID(), app, stage: stage as Stage })),
      )
      const taken = couplings.find(({ app }) => couplingOf(app))
      if (taken) throw new Error(`${taken.app.name} is in a pipeline already.`)
      const pipeline = { id: randomUUID(), name, createdAt: new Date(), couplings }
      all.push(pipeline)
      return pipeline
    },
    promote(pipeline, source, targets) {
      for (const app of [source, ...targets]) {
        if (couplingOf(app)?.pipeline === pipeline) continue
        throw new PromotionError(`The app ${app.name} is not in the pipeline ${pipeline.name}.`)
      }
      if (targets.length === 0) throw new PromotionError('Require params: targets.')
      if (targets.includes(source)) throw new PromotionError('An app can not be promoted to itself.')
      const release = source.releases.current
      const slug = release?.slug
      if (!slug) throw new PromotionError(`The app ${source.name} has no release to promote.`)
      const description = `Promote ${source.name} v${release.version} ${slug.commit.slice(0, 8)}`
      const promotion = {
        id: randomUUID(),
        pipeline,
        source: { app: source, release },
        targets: targets.map((app) => {
          const made = app.releaser.release(description, slug)
          made.phase?.(() => {})
          return { id: randomUUID(), app, release: made.release }
        }),
        createdAt: new Date(),
      }
      promotions.push(promotion)
      return promotion
    },
  }
}
