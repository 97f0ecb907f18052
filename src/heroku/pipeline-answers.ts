import { fields, list, name, optionalId, plain, reference, type Status, status, text } from './api-answers.ts'

/** An app's place in a pipeline. */
export interface PipelineCoupling {
  readonly pipelineId: string
  /** `development`, `staging`, `production`, `review`, `test` */
  readonly stage: string
}

/** What became of a promotion to one app. */
export interface PromotionTarget {
  readonly appId: string
  readonly status: Status
  /** absent while there is none yet, and when it failed before there was one */
  readonly releaseId?: string
  /** Heroku's own reason: one line, at most 200 characters */
  readonly error?: string
}

export function readPipelineCoupling(value: unknown): PipelineCoupling {
  const { pipeline, stage } = fields(value, "the app's place in its pipeline")
  return { pipelineId: reference(pipeline, 'the pipeline'), stage: name(stage, "the pipeline's stage") }
}

/** The id of the promotion. */
export function readPromotion(value: unknown): string {
  return text(fields(value, 'the promotion').id, "the promotion's id")
}

export function readPromotionTargets(value: unknown): PromotionTarget[] {
  return list(value, 'the answer').map((entry) => {
    const target = fields(entry, 'the promotion target')
    const releaseId = optionalId(target.release)
    const error = typeof target.error_message === 'string' ? plain(target.error_message) : ''
    return {
      appId: reference(target.app, "the promotion target's app"),
      status: status(target.status, "the promotion target's status"),
      ...(releaseId && { releaseId }),
      ...(error && { error }),
    }
  })
}
