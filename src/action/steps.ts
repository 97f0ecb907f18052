import { mainStep } from './main-step.ts'
import { postStep } from './post-step.ts'

/**
 * What the runner runs. Both steps in one module, though each run needs one: a step is bundled in pieces, and fewer of them start faster
 * than less in them.
 */
export function runStep(name: 'main' | 'post'): Promise<void> {
  return name === 'main' ? mainStep() : postStep()
}
