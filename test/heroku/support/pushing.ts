import type { HerokuPlan } from '../../../src/heroku/plan.ts'
import type { PushTarget } from '../../../src/heroku/preflight.ts'
import { type Surroundings, surroundings } from './surroundings.ts'
import { createWorld, type World } from './world.ts'

/** A build that waits until `world.git.release()`. */
export const BUILD = 'echo "-----> Node.js app detected"\nhold\necho "       Released v43"'

/** A world with one commit deployed and another one to push. */
export interface Pushing {
  readonly world: World
  readonly around: Surroundings
  /** what is at Heroku */
  readonly head: string
  readonly commit: string
  /** a preflight, and then Heroku's build as the shell script `build` */
  prepared(build: string, plan?: Partial<HerokuPlan>): Promise<PushTarget>
}

export async function createPushing(): Promise<Pushing> {
  const world = await createWorld()
  const around = surroundings({ env: world.env })
  const head = world.checkout.commit('one')
  world.deployed(head)
  const commit = world.checkout.commit('two')
  return {
    world,
    around,
    head,
    commit,
    async prepared(build, plan = {}) {
      const target = await world.preflight(around, plan)
      world.git.hook('shop', 'pre-receive', build)
      return target
    },
  }
}
