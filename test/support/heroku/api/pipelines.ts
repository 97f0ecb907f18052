import type { LocalApp } from '../app.ts'
import { type Pipelines, PromotionError } from '../pipelines.ts'
import { type Answer, created, invalid, notFound, ok } from './answer.ts'
import { appBody } from './bodies.ts'
import { type Apps, type Body, type Endpoint, endpointsOf, findApp } from './endpoint.ts'
import { couplingBody, pipelineBody, promotionBody, targetBodies } from './pipeline-bodies.ts'

export function pipelineEndpoints(apps: Apps, pipelines: Pipelines, gitUrl: string): Endpoint[] {
  const ofApp = endpointsOf(apps)
  const findPipeline = (identity: unknown) =>
    pipelines.all.find(({ id, name }) => id === identity || name === identity)

  function promote({ pipeline: into, source, targets }: Body): Answer {
    const pipeline = findPipeline(idOf(into))
    if (!pipeline) return notFound('pipeline')
    const from = appOf(source)
    const to = Array.isArray(targets) ? targets.map(appOf) : []
    if (!from || !to.every((app) => app !== undefined)) return notFound('app')
    try {
      return created(promotionBody(pipelines.promote(pipeline, from, to)))
    } catch (error) {
      if (error instanceof PromotionError) return invalid(error.message)
      throw error
    }
  }

  /** of `{ app: { id } }` */
  function appOf(side: unknown): LocalApp | undefined {
    return findApp(apps, idOf(Object(side).app))
  }

  return [
    ofApp('GET', '/pipeline-couplings', (app) => {
      const found = pipelines.couplingOf(app)
      return found ? ok(couplingBody(found.pipeline, found.coupling)) : notFound('pipeline coupling')
    }),
    {
      method: 'GET',
      path: '/pipelines/:pipeline',
      answer({ parameters }) {
        const pipeline = findPipeline(parameters.pipeline)
        return pipeline ? ok(pipelineBody(pipeline)) : notFound('pipeline')
      },
    },
    {
      method: 'GET',
      path: '/pipelines/:pipeline/pipeline-couplings',
      answer({ parameters }) {
        const pipeline = findPipeline(parameters.pipeline)
        if (!pipeline) return notFound('pipeline')
        return ok(pipeline.couplings.map((coupling) => couplingBody(pipeline, coupling)))
      },
    },
    {
      method: 'POST',
      path: '/filters/apps',
      answer({ body }) {
        const { id: wanted } = Object(body.in)
        const found = [...apps.values()].filter(({ id }) => Array.isArray(wanted) && wanted.includes(id))
        return ok(found.map((app) => appBody(app, gitUrl)))
      },
    },
    { method: 'POST', path: '/pipeline-promotions', answer: ({ body }) => promote(body) },
    ...(['', '/promotion-targets'] as const).map(
      (part): Endpoint => ({
        method: 'GET',
        path: `/pipeline-promotions/:promotion${part}`,
        answer({ parameters }) {
          const promotion = pipelines.promotions.find(({ id }) => id === parameters.promotion)
          if (!promotion) return notFound('pipeline promotion')
          return ok(part === '' ? promotionBody(promotion) : targetBodies(promotion))
        },
      }),
    ),
  ]
}

const idOf = (value: unknown): unknown => Object(value).id
