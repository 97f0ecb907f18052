import type * as Heroku from '@heroku-cli/schema'
import type { Coupling, Pipeline, Promotion } from '../pipelines.ts'
import { time } from './bodies.ts'

export function pipelineBody({ id, name, createdAt }: Pipeline) {
  return { id, name, created_at: time(createdAt), updated_at: time(createdAt) } satisfies Heroku.Pipeline
}

export function couplingBody({ id, name, createdAt }: Pipeline, { id: couplingId, app, stage }: Coupling) {
  return {
    id: couplingId,
    app: { id: app.id, name: app.name },
    pipeline: { id, name },
    stage,
    created_at: time(createdAt),
    updated_at: time(createdAt),
  } satisfies Heroku.PipelineCoupling
}

export function promotionBody(promotion: Promotion) {
  const { id, pipeline, source, targets, createdAt } = promotion
  return {
    id,
    pipeline: { id: pipeline.id },
    source: { app: { id: source.app.id }, release: { id: source.release.id } },
    status: targets.some(({ release }) => release.status === 'pending') ? 'pending' : 'completed',
    created_at: time(createdAt),
    updated_at: time(createdAt),
  } satisfies Heroku.PipelinePromotion
}

export function targetBodies({ id: promotionId, targets }: Promotion) {
  return targets.map(
    ({ id, app, release }) =>
      ({
        id,
        app: { id: app.id },
        pipeline_promotion: { id: promotionId },
        release: { id: release.id },
        status: release.status,
        error_message: release.status === 'failed' ? 'release command failed' : null,
      }) satisfies Heroku.PipelinePromotionTarget,
  )
}
